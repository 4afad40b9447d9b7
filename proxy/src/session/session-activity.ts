import { now } from "@freshet/base";
import type { PoolSeat, SessionActivity } from "./pool-port.ts";

/** Follows what a pooled session is doing, for time-outs and statistics. */
export class ActivityTracker {
  readonly #seat: PoolSeat | null;
  #state: SessionActivity["state"] = "idle";
  #since: number = now();
  #transactionSince: number | null = null;

  constructor(seat: PoolSeat | null) {
    this.#seat = seat;
  }

  update(state: SessionActivity["state"], inTransaction: boolean): void {
    if (state === this.#state) return;
    const time = now();
    if (this.#state === "active") this.#seat?.queryDone(time - this.#since);
    const busy = inTransaction || state === "active";
    if (busy) this.#transactionSince ??= time;
    else if (this.#transactionSince !== null) {
      this.#seat?.transactionDone(time - this.#transactionSince);
      this.#transactionSince = null;
    }
    this.#state = state;
    this.#since = time;
  }

  /** The client has sent something, which a cache may answer. */
  heard(): void {
    if (this.#state === "idle") this.#since = now();
  }

  now(pins: readonly string[]): SessionActivity {
    return { state: this.#state, since: this.#since, transactionSince: this.#transactionSince, pins };
  }
}
