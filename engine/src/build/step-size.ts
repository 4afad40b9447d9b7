/** What a step should take, in seconds: long enough to pay for its commit, short enough not to hold up the stream. */
const SHORT_STEP = 0.012;
const LONG_STEP = 0.03;
const MOST_ROWS = 1 << 14;

/** How many rows a step of a build takes in: follows the time that steps take. */
export class StepSize {
  readonly #least: number;
  readonly #now: (() => number) | null;
  #rows: number;

  /** `now` is a monotonic clock in seconds; without it every step takes in `rows`, with it at least that many. */
  constructor(rows: number, now: (() => number) | null) {
    this.#least = rows;
    this.#now = now;
    this.#rows = rows;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Does a step, and learns from it. */
  timed<T>(step: () => T): T {
    if (this.#now === null) return step();
    const started = this.#now();
    const result = step();
    const seconds = this.#now() - started;
    if (seconds < SHORT_STEP) this.#rows = Math.min(this.#rows * 2, Math.max(MOST_ROWS, this.#least));
    else if (seconds > LONG_STEP) this.#rows = Math.max(this.#rows >>> 1, this.#least);
    return result;
  }
}
