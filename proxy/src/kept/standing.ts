import type { TextSettings } from "@freshet/values";
import type { CacheCatalog } from "../caches/cache-catalog.ts";
import type { Cache } from "../caches/cache.ts";
import type { CompiledCache } from "../front/compiled-caches.ts";
import type { FrontHealth } from "../front/health-port.ts";
import type { Privileges, Verdict } from "../front/privileges.ts";
import type { ZoneTables } from "../front/zone-tables.ts";
import type { SessionFacts } from "../session/front-ports.ts";

/** So often it is asked whether the zone's offsets still hold; they do so for an hour. */
const ZONE_CHECK_MS = 1000;

export interface StandingParts {
  readonly catalog: Pick<CacheCatalog, "byId">;
  readonly health: FrontHealth;
  readonly privileges: Privileges;
  readonly zones: Pick<ZoneTables, "complete">;
}

/**
 * Whether a view may answer one session at this moment: everything that decides it, asked anew for each answer, but for what follows from the session's
 * facts alone and what the state of the store says.
 */
export class Standing {
  readonly #parts: StandingParts;
  readonly #facts: SessionFacts;
  readonly #zoneTable: TextSettings["zoneTable"];
  #verdict: Verdict | null = null;
  #verdictOf: CompiledCache | null = null;
  #zoneCheckedAt: number;
  #over = false;

  /** `settings`: the session's, complete; the facts allow hits. */
  constructor(parts: StandingParts, facts: SessionFacts, settings: TextSettings, time: number) {
    this.#parts = parts;
    this.#facts = facts;
    this.#zoneTable = settings.zoneTable;
    this.#zoneCheckedAt = time;
  }

  /** The zone's offsets are others now: nothing holds any more. */
  get over(): boolean {
    return this.#over;
  }

  holds(cache: Cache, compiled: CompiledCache, time: number): boolean {
    return this.#isServable(cache, compiled, time) && this.#isPermitted(compiled, time) && this.#zoneHolds(time);
  }

  #isServable(cache: Cache, compiled: CompiledCache, time: number): boolean {
    if (cache.phase !== "ready" || cache.doubtful) return false;
    if (cache.id !== compiled.id || cache.planned !== compiled.planned) return false;
    const { catalog, health } = this.#parts;
    return catalog.byId(cache.id) === cache && !health.suspended && health.problem(time) === null;
  }

  #isPermitted(compiled: CompiledCache, time: number): boolean {
    const { privileges } = this.#parts;
    if (this.#verdictOf === compiled && this.#verdict !== null && privileges.holds(this.#verdict, time)) return true;
    const verdict = privileges.known(this.#facts.role, compiled.id);
    if (verdict === null || verdict.privilege !== "granted") return false;
    this.#verdict = verdict;
    this.#verdictOf = compiled;
    return true;
  }

  #zoneHolds(time: number): boolean {
    if (this.#over) return false;
    if (time - this.#zoneCheckedAt < ZONE_CHECK_MS) return true;
    this.#zoneCheckedAt = time;
    this.#over = this.#parts.zones.complete(this.#facts.text).zoneTable !== this.#zoneTable;
    return !this.#over;
  }
}
