import type { Store } from "@freshet/store";
import { type Lsn, maxLsn } from "@freshet/values";

/** Knows up to where the applied state is on disk. One flush is awaited at a time. */
export class DurabilityTracker {
  readonly #store: Store;
  #durable: Lsn;
  #pending: Lsn;
  #waiting = false;
  #failure: unknown = null;

  constructor(store: Store, durable: Lsn) {
    this.#store = store;
    this.#durable = durable;
    this.#pending = durable;
  }

  get durable(): Lsn {
    return this.#durable;
  }

  /** Begins again at `lsn`, which may lie before what was durable. */
  restart(lsn: Lsn): void {
    this.#durable = lsn;
    this.#pending = lsn;
  }

  /** Says that everything up to `lsn` is committed. */
  note(lsn: Lsn): void {
    this.#pending = maxLsn(this.#pending, lsn);
    if (this.#waiting || this.#pending === this.#durable) return;
    this.#waiting = true;
    const reached = this.#pending;
    this.#store.flushed().then(
      () => {
        this.#waiting = false;
        this.#durable = maxLsn(this.#durable, reached);
        this.note(this.#pending);
      },
      (error: unknown) => {
        this.#failure = error;
      },
    );
  }

  /** Throws what the last flush failed with: nothing after it is durable. */
  rethrow(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Resolves with `applied`, which is committed, when it is on disk. */
  async flush(applied: Lsn): Promise<Lsn> {
    this.rethrow();
    await this.#store.flushed();
    this.#durable = maxLsn(this.#durable, applied);
    return applied;
  }
}
