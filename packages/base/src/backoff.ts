import { setTimeout as timer } from "node:timers/promises";
import { assert } from "./assert.ts";
import { random } from "./random.ts";

export interface BackoffOptions {
  readonly minMs: number;
  readonly maxMs: number;
  /** Uniform in [0, 1); default: random(). */
  readonly random?: () => number;
}

/**
 * How long to wait before the next try: doubles from `minMs` to `maxMs`. Half of each delay is jitter, so that many
 * clients do not come back at once.
 */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #attempts = 0;

  constructor(options: BackoffOptions) {
    assert(options.minMs > 0 && options.minMs <= options.maxMs, "a back-off needs 0 < minMs <= maxMs");
    this.#minMs = options.minMs;
    this.#maxMs = options.maxMs;
    this.#random = options.random ?? random;
  }

  /** Delays handed out since the last reset. */
  get attempts(): number {
    return this.#attempts;
  }

  nextDelay(): number {
    // Beyond 2^30 times the minimum the cap has long been reached.
    const full = Math.min(this.#maxMs, this.#minMs * 2 ** Math.min(this.#attempts, 30));
    this.#attempts += 1;
    return full / 2 + (full / 2) * this.#random();
  }

  /** To be called after a success. */
  reset(): void {
    this.#attempts = 0;
  }
}

/** Resolves after `ms`; rejects with the signal's reason as soon as it aborts. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  try {
    await timer(ms, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
