import type { Lsn } from "@freshet/values";
import type { PreparedRoute, SessionFacts } from "./front-ports.ts";

/**
 * What is known of the upstream connection, and whether it still holds. Everything that may change
 * the session makes it stale; everything that may write raises the barrier at the next probe.
 */
export class FactsTracker {
  #facts: SessionFacts | null = null;
  #fresh = false;
  #failed = false;
  #wrote = false;
  #generation = 0;
  #epoch = -1;
  #writeLsn: Lsn = 0n;

  /** Present facts; null when they are stale or unknown. */
  get current(): SessionFacts | null {
    return this.#fresh ? this.#facts : null;
  }

  /** The last facts seen, stale or not. */
  get last(): SessionFacts | null {
    return this.#facts;
  }

  /** A probe failed and nothing has happened since that could make the next one succeed. */
  get unavailable(): boolean {
    return this.#failed;
  }

  /** What the session's own writes need applied before it may read from a cache. */
  get writeLsn(): Lsn {
    return this.#writeLsn;
  }

  /** Changes whenever facts become stale; handed to `probed` to tell whether they did during a probe. */
  get generation(): number {
    return this.#generation;
  }

  /** A statement went upstream; null: its text is unknown. */
  forwarded(route: PreparedRoute | null): void {
    if (route?.info.pure === true) return;
    if (route === null || mayWrite(route)) this.#wrote = true;
    this.invalidate();
  }

  invalidate(): void {
    this.#fresh = false;
    this.#failed = false;
    this.#generation += 1;
  }

  /** Facts read before the schema's present epoch are stale: another session may have changed what names mean. */
  expire(epoch: number): void {
    if (this.#fresh && this.#epoch !== epoch) this.invalidate();
  }

  /** `generation` and `epoch` are those at the moment the probe was sent. */
  probed(facts: SessionFacts | null, generation: number, epoch: number): void {
    if (facts === null) {
      this.#failed = true;
      return;
    }
    this.#facts = facts;
    this.#epoch = epoch;
    this.#fresh = generation === this.#generation;
    if (this.#wrote) this.#writeLsn = facts.insertLsn;
    this.#wrote = false;
  }
}

/** SET and plain transaction control write nothing themselves; a prepared transaction's commit does. */
function mayWrite(route: PreparedRoute): boolean {
  if (route.info.kind === "set") return false;
  return route.info.kind !== "transaction" || /\bprepared\b/i.test(route.info.normalized);
}
