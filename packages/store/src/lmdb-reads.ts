import type { Database, Transaction } from "lmdb";
import {
  environmentPrefixRange,
  environmentRange,
  ID_BYTES,
  type KeyRange,
  transientKey,
} from "./arrangement-key.ts";
import type { Entry, ReadTransaction, ScanOptions } from "./store.ts";

/**
 * Reads through LMDB: in the explicit read transaction if there is one, else in the thread's current
 * transaction (the write transaction while one runs).
 */
export class LmdbReads implements ReadTransaction {
  readonly #entries: Database<Buffer, Buffer>;
  readonly #options: { readonly transaction?: Transaction };

  constructor(entries: Database<Buffer, Buffer>, transaction: Transaction | null) {
    this.#entries = entries;
    this.#options = transaction === null ? {} : { transaction };
  }

  get(arrangement: number, key: Buffer): Buffer | undefined {
    const whole = transientKey(arrangement, key);
    if (this.#options.transaction !== undefined) return this.#entries.get(whole, this.#options);
    // LMDB's own buffer, used again by the next read; its `length` is the value's. A copy in Node's
    // pool is several times cheaper than the copy with memory of its own that `get` makes.
    const shared = this.#entries.getBinaryFast(whole);
    if (shared === undefined) return undefined;
    const value = Buffer.allocUnsafe(shared.length);
    value.set(shared.subarray(0, shared.length));
    return value;
  }

  has(arrangement: number, key: Buffer): boolean {
    return this.get(arrangement, key) !== undefined;
  }

  scan(arrangement: number, options: ScanOptions = {}): IterableIterator<Entry> {
    return this.#range(environmentRange(arrangement, options), options.reverse === true, options.limit);
  }

  scanPrefix(arrangement: number, prefix: Buffer, limit?: number): IterableIterator<Entry> {
    return this.#range(environmentPrefixRange(arrangement, prefix), false, limit);
  }

  *#range(range: KeyRange, reverse: boolean, limit: number | undefined): IterableIterator<Entry> {
    if (Buffer.compare(range.start, range.end) >= 0) return;
    const bounds = reverse
      ? { start: range.end, exclusiveStart: true, end: range.start, inclusiveEnd: true, reverse: true }
      : range;
    const entries = this.#entries.getRange({ ...bounds, ...this.#options, ...(limit === undefined ? {} : { limit }) });
    for (const { key, value } of entries) yield { key: key.subarray(ID_BYTES), value };
  }
}
