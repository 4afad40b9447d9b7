import { must } from "@freshet/base";
import type { ReadTransaction, ScanOptions } from "@freshet/store";
import type { Row, Value } from "@freshet/values";
import { compareKeys } from "../state/compare-keys.ts";
import { decodeMultisetEntry } from "../state/multiset.ts";

/** An argument list of one call on one row; null: the call's FILTER leaves the row out. */
export type CallArguments = readonly (Buffer | null)[] | null;

/** Reads from a row what the calls need. Does not fail on rows that the window has taken in. */
export interface RowEvaluator {
  /** One per call. */
  args(row: Row): readonly CallArguments[];
  /** The sort column's value, where frames have RANGE offsets. */
  sortValue(row: Row): Value | null;
}

/** A distinct row of a partition, with its weights before and after the batch. */
export class WindowEntry {
  readonly key: Buffer;
  /** Bytes of the key that peers share: partition and sort key. */
  readonly prefixLength: number;
  readonly row: Row;
  readonly before: number;
  readonly after: number;
  readonly #evaluator: RowEvaluator;
  #args: readonly CallArguments[] | undefined;
  #sortValue: Value | null | undefined;

  constructor(
    at: { readonly key: Buffer; readonly prefixLength: number; readonly row: Row },
    weights: { readonly before: number; readonly after: number },
    evaluator: RowEvaluator,
  ) {
    this.key = at.key;
    this.prefixLength = at.prefixLength;
    this.row = at.row;
    this.before = weights.before;
    this.after = weights.after;
    this.#evaluator = evaluator;
  }

  get args(): readonly CallArguments[] {
    this.#args ??= this.#evaluator.args(this.row);
    return this.#args;
  }

  get sortValue(): Value | null {
    if (this.#sortValue === undefined) this.#sortValue = this.#evaluator.sortValue(this.row);
    return this.#sortValue;
  }
}

export function arePeers(a: WindowEntry, b: WindowEntry): boolean {
  return a.prefixLength === b.prefixLength && a.key.compare(b.key, 0, b.prefixLength, 0, a.prefixLength) === 0;
}

/** The first key behind all that begin with `prefix`; undefined when there is none. */
export function keyBehind(prefix: Buffer): Buffer | undefined {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length--;
  if (length === 0) return undefined;
  const end = Buffer.from(prefix.subarray(0, length));
  end[length - 1] = must(end[length - 1]) + 1;
  return end;
}

const FIRST_PAGE = 32;
const LARGEST_PAGE = 512;

/**
 * A partition's rows in window order, with those that the batch has just removed. `changes` are the rows whose weight the batch changed,
 * in key order; the store has taken them in.
 */
export class PartitionEntries {
  readonly #reads: ReadTransaction;
  readonly #arrangement: number;
  readonly #partition: Buffer;
  readonly #end: Buffer | undefined;
  readonly #changes: readonly WindowEntry[];
  readonly #evaluator: RowEvaluator;

  constructor(
    reads: ReadTransaction,
    arrangement: number,
    partition: Buffer,
    changes: readonly WindowEntry[],
    evaluator: RowEvaluator,
  ) {
    this.#evaluator = evaluator;
    this.#reads = reads;
    this.#arrangement = arrangement;
    this.#partition = partition;
    this.#end = keyBehind(partition);
    this.#changes = changes;
  }

  /** Entries from `key` on; null: from the partition's first. */
  *forward(key: Buffer | null): Generator<WindowEntry, void> {
    const from = key ?? this.#partition;
    let change = this.#firstChange(from);
    for (const entry of this.#stored(from, false)) {
      for (;;) {
        const next = this.#changes[change];
        if (next === undefined) break;
        const order = compareKeys(next.key, entry.key);
        if (order > 0) break;
        change++;
        if (order === 0) break;
        yield next;
      }
      const last = this.#changes[change - 1];
      yield last !== undefined && last.key.equals(entry.key) ? last : entry;
    }
    for (; change < this.#changes.length; change++) yield must(this.#changes[change]);
  }

  /** Entries before `key`, last first. */
  *backward(key: Buffer): Generator<WindowEntry, void> {
    let change = this.#firstChange(key) - 1;
    for (const entry of this.#stored(key, true)) {
      let taken: WindowEntry | undefined;
      for (;;) {
        const next = this.#changes[change];
        if (next === undefined) break;
        const order = compareKeys(next.key, entry.key);
        if (order < 0) break;
        change--;
        if (order === 0) {
          taken = next;
          break;
        }
        yield next;
      }
      yield taken ?? entry;
    }
    for (; change >= 0; change--) yield must(this.#changes[change]);
  }

  /** Index of the first change at or behind `key`. */
  #firstChange(key: Buffer): number {
    let [low, high] = [0, this.#changes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareKeys(must(this.#changes[middle]).key, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** What the store holds, in pages: nothing is open while the caller works on an entry. */
  *#stored(from: Buffer, reverse: boolean): Generator<WindowEntry, void> {
    let [bound, page] = [from, FIRST_PAGE];
    for (;;) {
      const options: ScanOptions = reverse
        ? { start: this.#partition, end: bound, reverse: true, limit: page }
        : { start: bound, ...(this.#end === undefined ? {} : { end: this.#end }), limit: page };
      const entries = [...this.#reads.scan(this.#arrangement, options)];
      for (const entry of entries) {
        const { row, weight, prefixLength } = decodeMultisetEntry(entry);
        yield new WindowEntry(
          { key: entry.key, prefixLength, row },
          { before: weight, after: weight },
          this.#evaluator,
        );
      }
      const last = entries.at(-1);
      if (last === undefined || entries.length < page) return;
      bound = reverse ? last.key : Buffer.concat([last.key, Buffer.alloc(1)]);
      page = Math.min(page * 2, LARGEST_PAGE);
    }
  }
}
