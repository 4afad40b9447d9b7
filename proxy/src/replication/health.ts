import type { ChangeSource } from "@freshet/contract";
import type { Lsn } from "@freshet/values";
import { LSN_ZERO } from "@freshet/values";
import type { Clock } from "../front/clock-port.ts";

/**
 * Whether what is applied can be trusted to follow the upstream: the stream is up and was heard of
 * lately. `suspended` is set by a proxied schema change until the catalog has been compared.
 */
export class ReplicationHealth {
  readonly #source: Pick<ChangeSource, "status">;
  readonly #staleMs: number;
  readonly #clock: Clock;
  readonly #waiters = new Set<{ readonly lsn: Lsn; readonly resolve: (reached: boolean) => void }>();
  #applied: Lsn = LSN_ZERO;
  #suspensions = 0;
  #epoch: number;
  #failure: string | null = null;
  #abandoned = false;

  constructor(source: Pick<ChangeSource, "status">, staleMs: number, clock: Clock, firstEpoch = 0) {
    this.#source = source;
    this.#staleMs = staleMs;
    this.#clock = clock;
    this.#epoch = firstEpoch;
  }

  /** Null when fresh, else what is wrong. */
  problem(time: number = this.#clock()): string | null {
    if (this.#failure !== null) return this.#failure;
    const status = this.#source.status();
    if (status.state !== "streaming") return status.state;
    if (this.#abandoned) return "the primary has moved";
    const silentMs = time - status.lastMessageAt;
    return silentMs > this.#staleMs ? `nothing heard for ${Math.round(silentMs)} ms` : null;
  }

  get applied(): Lsn {
    return this.#applied;
  }

  get suspended(): boolean {
    return this.#suspensions > 0;
  }

  /** Rises with each suspension: what sessions have read of the schema before may no longer hold. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Makes sessions read their facts again. */
  expireFacts(): void {
    this.#epoch++;
  }

  /** The caches cannot follow any more: hits are off for good. */
  fail(reason: string): void {
    this.#failure = reason;
  }

  /** The primary has moved: a stream that still runs is the old one's, and tells nothing of the new one. */
  primaryMoved(): void {
    this.#abandoned = this.#source.status().state === "streaming";
  }

  /** The stream has ended; the next one is the present primary's. */
  streamEnded(): void {
    this.#abandoned = false;
  }

  /** Hits are off until the returned function has been called. */
  suspend(): () => void {
    this.#suspensions++;
    this.#epoch++;
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#suspensions--;
    };
  }

  advance(lsn: Lsn): void {
    if (lsn > this.#applied) this.#applied = lsn;
    for (const waiter of this.#waiters) {
      if (waiter.lsn <= this.#applied) waiter.resolve(true);
    }
  }

  /** A new origin: the applied LSN may go back. */
  restart(lsn: Lsn): void {
    this.#applied = LSN_ZERO;
    this.advance(lsn);
  }

  /** Resolves true once `lsn` is applied, false after `timeoutMs`. */
  waitFor(lsn: Lsn, timeoutMs: number): Promise<boolean> {
    if (this.#applied >= lsn) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (reached: boolean): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        resolve(reached);
      };
      const waiter = { lsn, resolve: finish };
      const timer = setTimeout(() => finish(false), timeoutMs);
      this.#waiters.add(waiter);
    });
  }
}
