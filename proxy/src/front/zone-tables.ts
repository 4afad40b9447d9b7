import { fixedOffset, type TextSettings, type TimeZoneTable } from "@freshet/values";
import type { Clock } from "./clock-port.ts";
import { LruMap } from "./lru-map.ts";
import type { RunStatements } from "./run-statements.ts";
import { readZoneTable } from "./zone-table-query.ts";

/** Zones that are remembered; a server's clients seldom use more than a few. */
const MAX_ZONES = 64;
/** After this long a table is asked for anew: the server's tz database may have been updated. */
const TABLE_TTL_MS = 3_600_000;
/** A zone whose table could not be had is not asked for again before this long. */
const RETRY_MS = 60_000;

interface Remembered {
  readonly table: TimeZoneTable;
  readonly readAt: number;
}

/**
 * The offsets of the time zones that sessions use, asked of the upstream: it alone knows its tz database. A zone is asked for when an answer has
 * missed for want of it; until it is there, answers go on missing.
 */
export class ZoneTables {
  readonly #run: RunStatements;
  readonly #clock: Clock;
  readonly #tables: LruMap<string, Remembered> = new LruMap(MAX_ZONES);
  readonly #pending = new Set<string>();
  /** When each zone could last not be had. */
  readonly #failed: LruMap<string, number> = new LruMap(MAX_ZONES);
  readonly #completed = new WeakMap<TextSettings, TextSettings>();

  constructor(run: RunStatements, clock: Clock) {
    this.#run = run;
    this.#clock = clock;
  }

  /** The settings with the zone's offsets, where they are known. The same object for the same settings while they hold. */
  complete(settings: TextSettings): TextSettings {
    const table = this.#tableOf(settings.timeZone);
    if (table === null) return settings;
    const before = this.#completed.get(settings);
    if (before?.zoneTable === table) return before;
    const completed = { ...settings, zoneTable: table };
    this.#completed.set(settings, completed);
    return completed;
  }

  /**
   * Asks for the zone's offsets, unless they are known, have been asked for lately or are not needed. Resolves when they are there;
   * rejects when they could not be had, once for each time that the upstream is asked.
   */
  async want(timeZone: string): Promise<void> {
    if (!this.#isWanting(timeZone)) return;
    this.#pending.add(timeZone);
    try {
      const table = await readZoneTable(this.#run, timeZone);
      if (table === null) throw new Error(`the upstream server shows no moments in time zone "${timeZone}"`);
      this.#tables.set(timeZone, { table, readAt: this.#clock() });
    } catch (thrown) {
      this.#failed.set(timeZone, this.#clock());
      throw thrown;
    } finally {
      this.#pending.delete(timeZone);
    }
  }

  #isWanting(timeZone: string): boolean {
    if (fixedOffset(timeZone) !== undefined || this.#pending.has(timeZone) || this.#tableOf(timeZone) !== null)
      return false;
    const failedAt = this.#failed.get(timeZone);
    return failedAt === undefined || this.#clock() - failedAt > RETRY_MS;
  }

  #tableOf(timeZone: string): TimeZoneTable | null {
    const remembered = this.#tables.get(timeZone);
    return remembered === undefined || this.#clock() - remembered.readAt > TABLE_TTL_MS ? null : remembered.table;
  }
}
