import type { ApplyResult, ChangeSource, Commit } from "@freshet/contract";
import type { ReplicationHealth } from "./health.ts";
import type { Pump } from "./pump.ts";

/** Microseconds between the Unix epoch and PostgreSQL's (2000-01-01). */
const POSTGRES_EPOCH_US = 946_684_800_000_000n;

/** How far the views are behind the upstream, in bytes of WAL and in time. */
export class Lag {
  readonly #source: Pick<ChangeSource, "status">;
  readonly #health: ReplicationHealth;
  readonly #pump: () => Pick<Pump, "queuedBytes">;
  readonly #wallMs: () => number;
  #lastDelayMs = 0;

  constructor(
    source: Pick<ChangeSource, "status">,
    health: ReplicationHealth,
    pump: () => Pick<Pump, "queuedBytes">,
    wallMs: () => number,
  ) {
    this.#source = source;
    this.#health = health;
    this.#pump = pump;
    this.#wallMs = wallMs;
  }

  /** Returns the batch's delay from commit to visible, in ms; null for a batch without commits. */
  onApplied(_result: ApplyResult, commits: readonly Commit[]): number | null {
    const last = commits.at(-1);
    if (last === undefined) return null;
    const committedMs = Number((last.commitTime + POSTGRES_EPOCH_US) / 1000n);
    this.#lastDelayMs = Math.max(0, this.#wallMs() - committedMs);
    return this.#lastDelayMs;
  }

  /** Milliseconds is null while the stream is down: then nobody knows. */
  now(): { readonly milliseconds: number | null; readonly bytes: number } {
    const { receivedLsn } = this.#source.status();
    const bytes = Math.max(0, Number(receivedLsn - this.#health.applied));
    if (this.#health.problem() !== null) return { milliseconds: null, bytes };
    return { milliseconds: this.#pump().queuedBytes === 0 ? 0 : this.#lastDelayMs, bytes };
  }
}
