import { type Logger, errorMessage } from "@freshet/base";
import type { Lsn } from "@freshet/values";

/** How long the stream may take by itself to come to a position. */
const PATIENCE_MS = 50;

/** A commit that tells nothing; the stream passes everything before it when it passes this one. */
const NUDGE = "SELECT pg_catalog.pg_logical_emit_message(true, 'freshet', 'mark')";

/**
 * Moves an idle stream on. Answers are read, and sessions have written, at the end of the upstream's log, which may lie behind the last commit: in
 * what a rollback or housekeeping has written. Nothing of that is sent before the next commit, and the answers would wait for it.
 */
export class StreamNudge {
  readonly #health: { readonly applied: Lsn };
  readonly #upstream: { query(sql: string): Promise<unknown> };
  readonly #logger: Logger;
  #wanted: Lsn = 0n;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(health: { readonly applied: Lsn }, upstream: { query(sql: string): Promise<unknown> }, logger: Logger) {
    this.#health = health;
    this.#upstream = upstream;
    this.#logger = logger;
  }

  /** Something waits until `lsn` is applied. */
  want(lsn: Lsn): void {
    if (lsn > this.#wanted) this.#wanted = lsn;
    if (this.#stopped || this.#timer !== null || this.#wanted <= this.#health.applied) return;
    const applied = this.#health.applied;
    this.#timer = setTimeout(() => void this.#look(applied), PATIENCE_MS);
    this.#timer.unref();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** A stream that moves by itself will come to what is wanted. */
  async #look(before: Lsn): Promise<void> {
    try {
      const { applied } = this.#health;
      if (!this.#stopped && applied === before && this.#wanted > applied) await this.#upstream.query(NUDGE);
    } catch (thrown) {
      this.#logger.debug({ error: errorMessage(thrown) }, "the stream could not be moved on");
    } finally {
      this.#timer = null;
    }
  }
}
