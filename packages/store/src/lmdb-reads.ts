import type { Database, GetOptions, RangeOptions, Transaction } from "lmdb";
import { assertKey } from "./arrangement-key.ts";
import { type EnvironmentKey, type EnvironmentRange, prefixRangeOf, rangeOf } from "./lmdb-encoding.ts";
import type { Entry, ReadTransaction, ScanOptions } from "./store.ts";

const NO_KEY: Buffer = Buffer.alloc(0);

/**
 * Reads through LMDB: in the explicit read transaction if there is one, else in the thread's current
 * transaction (the write transaction while one runs).
 */
export class LmdbReads implements ReadTransaction {
  readonly #entries: Database<Buffer, EnvironmentKey>;
  readonly #options: GetOptions & RangeOptions;
  /** Used again by the next call: for calls that copy their key at once. */
  readonly #key: EnvironmentKey = [0, NO_KEY];

  constructor(entries: Database<Buffer, EnvironmentKey>, transaction: Transaction | null) {
    this.#entries = entries;
    this.#options = transaction === null ? {} : { transaction };
  }

  get(arrangement: number, key: Buffer): Buffer | undefined {
    return this.#entries.get(this.transientKey(arrangement, key), this.#options);
  }

  has(arrangement: number, key: Buffer): boolean {
    return this.get(arrangement, key) !== undefined;
  }

  scan(arrangement: number, options: ScanOptions = {}): IterableIterator<Entry> {
    return this.#range(rangeOf(arrangement, options), options.reverse === true, options.limit);
  }

  scanPrefix(arrangement: number, prefix: Buffer, limit?: number): IterableIterator<Entry> {
    return this.#range(prefixRangeOf(arrangement, prefix), false, limit);
  }

  protected transientKey(arrangement: number, key: Buffer): EnvironmentKey {
    assertKey(arrangement, key);
    this.#key[0] = arrangement;
    this.#key[1] = key;
    return this.#key;
  }

  #range(range: EnvironmentRange | null, reverse: boolean, limit: number | undefined): IterableIterator<Entry> {
    if (range === null) return NO_ENTRIES[Symbol.iterator]();
    const options: RangeOptions = reverse
      ? { start: range.end, exclusiveStart: true, end: range.start, inclusiveEnd: true, reverse: true }
      : { start: range.start, end: range.end };
    if (this.#options.transaction !== undefined) options.transaction = this.#options.transaction;
    if (limit !== undefined) options.limit = limit;
    return new EntryIterator(this.#entries, options);
  }
}

const NO_ENTRIES: readonly Entry[] = [];

type RangeIterator = Iterator<{ readonly key: EnvironmentKey; readonly value: Buffer }>;

/** Begins at the first call, as a generator does; cheaper than one. */
class EntryIterator implements IterableIterator<Entry> {
  readonly #entries: Database<Buffer, EnvironmentKey>;
  readonly #options: RangeOptions;
  #range: RangeIterator | null = null;
  #isDone = false;

  constructor(entries: Database<Buffer, EnvironmentKey>, options: RangeOptions) {
    this.#entries = entries;
    this.#options = options;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Entry> {
    if (this.#isDone) return DONE;
    this.#range ??= this.#entries.getRange(this.#options)[Symbol.iterator]();
    const next = this.#range.next();
    if (next.done === true) {
      this.#isDone = true;
      return DONE;
    }
    const { key, value } = next.value;
    return { done: false, value: { key: key[1], value } };
  }

  return(): IteratorResult<Entry> {
    this.#isDone = true;
    this.#range?.return?.();
    return DONE;
  }
}

const DONE: IteratorResult<Entry> = { done: true, value: undefined };
