/**
 * The ranks [offset, offset + limit) of rows that come in rank order, and with `ties` the rows behind them whose sort
 * key is that of the last one.
 */
export class RankWindow {
  readonly #offset: number;
  readonly #end: number;
  readonly #ties: boolean;
  #rank = 0;
  /** The sort key of the last row that began before the end. */
  #last: Buffer | null = null;

  constructor(offset: number, limit: number | null, ties: boolean) {
    this.#offset = offset;
    this.#end = limit === null ? Number.POSITIVE_INFINITY : offset + limit;
    this.#ties = ties && limit !== 0;
  }

  /** How many rows from the first one on can be in the window at most; infinite if that hangs on their keys. */
  get reach(): number {
    return this.#ties ? Number.POSITIVE_INFINITY : this.#end;
  }

  /** How many of the next `weight` rows, which have one sort key, are in the window; null once no later row can be. */
  take(key: Buffer, weight: number): number | null {
    const from = this.#rank;
    this.#rank += weight;
    if (from >= this.#end) {
      return this.#ties && this.#last !== null && this.#last.equals(key) ? weight : null;
    }
    this.#last = key;
    const to = this.#ties ? this.#rank : Math.min(this.#rank, this.#end);
    return Math.max(0, to - Math.max(from, this.#offset));
  }
}
