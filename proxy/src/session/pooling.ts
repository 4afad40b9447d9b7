import { createHash } from "node:crypto";
import { must, randomId } from "@freshet/base";
import type { SessionEffects } from "@freshet/sql";
import type { Inventory } from "./inventory.ts";
import type { NamedEntries } from "./named-entries.ts";
import type { PooledServer, PoolSeat } from "./pool-port.ts";
import type { PreparedStatement } from "./prepared-statement.ts";
import type { Segment } from "./segment.ts";

/** Settings that change no statement's meaning when they are reported. */
const MEANINGLESS = new Set(["application_name", "in_hot_standby"]);

/**
 * What a session in mode transaction or statement knows of itself, so that any server connection of its pool can
 * stand for the one that it has left.
 */
export class Pooling {
  readonly seat: PoolSeat;
  /** The user it logged in as. */
  readonly login: string;
  /** The present server connection; null between transactions. */
  server: PooledServer | null = null;
  /** Names of settings that it has set and that the server's catalog does not list. */
  readonly customNames: Set<string> = new Set();
  /** Where the Parse of a statement that the server is to keep is under way. */
  readonly pendingIn: Map<string, Segment> = new Map();
  /** Something may have been left in the session: to be looked into before its connection is given back. */
  touched = false;
  readonly #applicationName: string;
  readonly #lasting = new Set<string>();
  readonly #unmapped = new Set<PreparedStatement>();
  #settings: ReadonlyMap<string, string>;
  #pins: readonly string[] = [];
  #digest: string | null = null;
  /** Set while settings may differ from the known ones within a transaction. */
  #salt = "";

  constructor(seat: PoolSeat, login: string, applicationName: string) {
    this.seat = seat;
    this.login = login;
    this.#applicationName = applicationName;
    this.#settings = new Map([["application_name", applicationName]]);
  }

  /** What it has set, and how. */
  get settings(): ReadonlyMap<string, string> {
    return this.#settings;
  }

  /** Why the connection cannot be given back. */
  get pins(): readonly string[] {
    const unmapped = this.#unmapped.size > 0 ? ["statement too large to be prepared again"] : [];
    return [...this.#lasting, ...this.#pins, ...unmapped];
  }

  get pinned(): boolean {
    return this.#pins.length > 0 || this.#lasting.size > 0 || this.#unmapped.size > 0;
  }

  /** For as long as the session lasts. */
  pin(reason: string): void {
    this.#lasting.add(reason);
  }

  /** A statement that is only known on the present connection; `drop` ends that. */
  keepUnmapped(statement: PreparedStatement): void {
    this.#unmapped.add(statement);
  }

  /** Statements that the session has no more need no connection. */
  dropUnmapped(kept: NamedEntries<PreparedStatement>): void {
    if (this.#unmapped.size === 0) return;
    for (const statement of this.#unmapped)
      if (kept.get(statement.name) !== statement) this.#unmapped.delete(statement);
  }

  /** A statement goes to the server. */
  forwarded(effects: SessionEffects): void {
    if (effects.lasting) this.touched = true;
    if (effects.unknown) must(this.server).unknownSettings = true;
    if (effects.rereads) this.#reread();
    for (const name of effects.settings) if (name.includes(".")) this.customNames.add(name);
  }

  /** The server reports a setting while the session has it. */
  reported(name: string): void {
    if (MEANINGLESS.has(name)) return;
    this.touched = true;
    this.#reread();
  }

  /**
   * Stands for everything that decides how a statement's text is read. Two sessions with the same digest may share a
   * prepared statement; within a transaction that has changed settings nobody can.
   */
  get digest(): string {
    this.#digest ??= createHash("sha1")
      .update(JSON.stringify([...this.#settings].filter(([name]) => name !== "application_name").toSorted(byName)))
      .digest("base64");
    return this.#digest + this.#salt;
  }

  /** What the session has, as the server says at the end of a transaction; null: the server could not say. */
  counted(inventory: Inventory | null): void {
    this.touched = false;
    if (inventory === null) {
      this.pin("session state unknown");
      return;
    }
    const settings = new Map(inventory.settings);
    if (!settings.has("application_name")) settings.set("application_name", this.#applicationName);
    this.#settings = settings;
    must(this.server).applied = inventory.settings;
    this.#pins = inventory.pins;
    this.#digest = null;
    this.#salt = "";
  }

  /** The transaction has ended and left nothing. */
  ended(): void {
    this.#salt = "";
    if (this.pendingIn.size > 0) this.pendingIn.clear();
  }

  #reread(): void {
    this.#salt = ` ${randomId()}`;
  }
}

function byName([left]: readonly [string, string], [right]: readonly [string, string]): number {
  return left < right ? -1 : 1;
}
