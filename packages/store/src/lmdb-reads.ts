import type { Database, Transaction } from "lmdb";
import {
  environmentKey,
  environmentPrefixRange,
  environmentRange,
  ID_BYTES,
  type KeyRange,
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
    return this.#entries.get(environmentKey(arrangement, key), this.#options);
  }

  has(arrangement: number, key: Buffer): boolean {
    return this.#entries.get(environmentKey(arrangement, key), this.#options) !== undefined;
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
