import { createHash } from "node:crypto";
import { assert } from "@freshet/base";
import { type Entry, MAX_KEY_BYTES, type ReadTransaction, type WriteTransaction } from "@freshet/store";
import type { Row } from "@freshet/values";
import type { Tally } from "./tally.ts";

/**
 * A keyed multiset of rows in an arrangement:
 *   prefix, ROW_TAG, row          -> uint48 weight, uint16 length of prefix
 *   prefix, DIGEST_TAG, SHA-256   -> uint48 weight, uint16 length of prefix, row   (rows too long for a key)
 * Prefixes of one arrangement are prefix-free, so the rows of one prefix are adjacent. Weights are positive.
 */
const ROW_TAG = 0x00;
const DIGEST_TAG = 0x01;
const DIGEST_BYTES = 32;
const HEADER_BYTES = 8;

/** Longest prefix that leaves room for a digest. */
export const MAX_PREFIX_BYTES: number = MAX_KEY_BYTES - 1 - DIGEST_BYTES;

/** Longest value or sort key that is kept in order: leaves room for a group's key in front of it. */
export const MAX_ORDERED_BYTES = 1150;

export function digest(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

/** The key of `row` under `prefix`. */
export function multisetKey(prefix: Uint8Array, row: Row): Buffer {
  assert(prefix.length <= MAX_PREFIX_BYTES, "a multiset's prefix is too long");
  const long = prefix.length + 1 + row.length > MAX_KEY_BYTES;
  const key = Buffer.allocUnsafe(prefix.length + 1 + (long ? DIGEST_BYTES : row.length));
  key.set(prefix, 0);
  key[prefix.length] = long ? DIGEST_TAG : ROW_TAG;
  key.set(long ? digest(row) : row, prefix.length + 1);
  return key;
}

export interface MultisetEntry {
  /** A view on the entry's memory. */
  readonly row: Row;
  readonly weight: number;
  readonly prefixLength: number;
}

export function decodeMultisetEntry(entry: Entry): MultisetEntry {
  const prefixLength = entry.value.readUInt16BE(6);
  const inKey = entry.key[prefixLength] === ROW_TAG;
  return {
    row: inKey ? entry.key.subarray(prefixLength + 1) : entry.value.subarray(HEADER_BYTES),
    weight: entry.value.readUIntBE(0, 6),
    prefixLength,
  };
}

/** Adds `delta` to the weight of the row that `key` was made for, and returns the weight before. */
export function addWeight(
  transaction: WriteTransaction,
  arrangement: number,
  key: Buffer,
  prefixLength: number,
  row: Row,
  delta: number,
  tally: Tally,
): number {
  const old = transaction.get(arrangement, key);
  const before = old === undefined ? 0 : old.readUIntBE(0, 6);
  const after = before + delta;
  assert(after >= 0, "a multiset's weight would become negative");
  tally.rows += delta;
  if (after === 0) {
    if (old !== undefined) {
      transaction.remove(arrangement, key);
      tally.bytes -= key.length + old.length;
    }
    return before;
  }
  const inKey = key[prefixLength] === ROW_TAG;
  const value = Buffer.allocUnsafe(HEADER_BYTES + (inKey ? 0 : row.length));
  value.writeUIntBE(after, 0, 6);
  value.writeUInt16BE(prefixLength, 6);
  if (!inKey) value.set(row, HEADER_BYTES);
  transaction.put(arrangement, key, value);
  if (old === undefined) tally.bytes += key.length + value.length;
  return before;
}

/** The first row under `prefix`, in key order. */
export function firstRow(reads: ReadTransaction, arrangement: number, prefix: Buffer): Row | null {
  for (const entry of reads.scanPrefix(arrangement, prefix, 1)) return decodeMultisetEntry(entry).row;
  return null;
}

const PAGE_ENTRIES = 256;

/**
 * All entries of an arrangement, read in pages: nothing of the store is held open between two
 * entries, so the iteration may rest while others write. `reads` must be one snapshot throughout.
 */
export function* pagedScan(reads: ReadTransaction, arrangement: number): IterableIterator<Entry> {
  let start: Buffer | null = null;
  for (;;) {
    const options: { limit: number; start?: Buffer } = { limit: PAGE_ENTRIES };
    if (start !== null) options.start = start;
    const page: Entry[] = [...reads.scan(arrangement, options)];
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_ENTRIES) return;
    start = Buffer.concat([last.key, Buffer.alloc(1)]);
  }
}
