import { LSN_ZERO, type Lsn } from "@freshet/values";
import type { Clock } from "../front/clock-port.ts";
import type { FrontHealth } from "../front/health-port.ts";
import { type CoreState, SILENCE_MS } from "./protocol.ts";

/** How often the store is asked while a session waits for an LSN. */
const POLL_MS = 1;

export interface MirroredHealthParts {
  /** The LSN of the store's newest state; null: it cannot be read. */
  readonly readApplied: () => Lsn | null;
  readonly clock: Clock;
  readonly firstEpoch?: number;
}

/**
 * The core's health as a front knows it. An update holds for SILENCE_MS behind the moment at which the one before it was heeded: the core sent it
 * later than that, however long it lay unread. So a core that waits longer than that for a front to heed an update may go on as if the front knew.
 */
export class MirroredHealth implements FrontHealth {
  readonly #parts: MirroredHealthParts;
  #state: CoreState | null = null;
  /** The state is at least as new as this. */
  #newerThan: number;
  #heededAt: number;
  #suspensions = 0;
  #epoch: number;
  #applied: Lsn = LSN_ZERO;

  constructor(parts: MirroredHealthParts) {
    this.#parts = parts;
    this.#epoch = parts.firstEpoch ?? 0;
    this.#heededAt = parts.clock();
    this.#newerThan = this.#heededAt;
  }

  problem(time: number = this.#parts.clock()): string | null {
    if (this.#state === null) return "the process that has the caches cannot be reached";
    const silentMs = time - this.#newerThan;
    if (silentMs > SILENCE_MS) return `the process that has the caches has said nothing for ${Math.round(silentMs)} ms`;
    return this.#state.problem;
  }

  /** At least this has been applied. */
  get applied(): Lsn {
    return this.#applied;
  }

  get suspended(): boolean {
    return this.#suspensions > 0 || this.#state?.suspended === true;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Whether the core wants to hear of the ends of transactions. */
  get wantsTransactions(): boolean {
    return this.#suspensions > 0 || this.#state?.uncommitted === true;
  }

  /** True when what is known of the schema or of privileges may no longer hold. */
  update(state: CoreState): boolean {
    const before = this.#state;
    const isOtherSchema = before?.epoch !== state.epoch;
    if (isOtherSchema) this.#epoch++;
    this.#state = state;
    this.#newerThan = this.#heededAt;
    this.#heededAt = this.#parts.clock();
    return isOtherSchema || before?.privileges !== state.privileges;
  }

  /** Nothing is known any more. */
  lose(): void {
    this.#state = null;
    this.#heededAt = this.#parts.clock();
    this.#applied = LSN_ZERO;
    this.#epoch++;
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

  async waitFor(lsn: Lsn, timeoutMs: number): Promise<boolean> {
    const deadline = this.#parts.clock() + timeoutMs;
    while (!this.#hasReached(lsn)) {
      if (this.#parts.clock() >= deadline) return false;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return true;
  }

  #hasReached(lsn: Lsn): boolean {
    if (this.#applied >= lsn) return true;
    // A new origin may lie before what was applied: each answer looks at its own state's LSN again.
    this.#applied = this.#parts.readApplied() ?? this.#applied;
    return this.#applied >= lsn;
  }
}
