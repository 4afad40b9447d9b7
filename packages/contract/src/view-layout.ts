import { assert } from "@freshet/base";
import type { Codec, KeyWriter, Lsn, Row } from "@freshet/values";

/**
 * How a view lies in the store: written by the engine, read by the fronts.
 *
 * Arrangement META (1) holds per-environment facts, keyed by ASCII text:
 *   `applied` -> uint64 LSN · `suspended` -> uint64 LSN (endLsn of the last schema-changing commit); present while that is being looked into
 *   `view/<cache id>` -> ViewStatus (below) · `changes` -> see view-changes.ts
 * Arrangement of a cache's view (ids from viewArrangement) holds, for each parameter key:
 *   HEADER_TAG, key                               -> header: uint64 LSN of last change, uint32 rows, uint64 bytes; of keys that a partial view holds
 *   ENTRY_TAG, key                                -> all rows of the key while they are few (view-list.ts), or that they are in entries of their own:
 *   ENTRY_TAG, key, range key, sort key, row key  -> uint32 weight (its first byte is below 0xFF), packed visible row
 * `key` is the concatenation of the equality columns' keys (empty without parameters); every part is
 * self-delimiting. Rows with NULL in an equality or range column are not in the view.
 * The row key is the row itself, or, if the whole key would get longer than MAX_KEY_BYTES, 0xFF and its SHA-256.
 */
export const META_ARRANGEMENT = 1;
/** First arrangement id of views; a cache's view is FIRST_VIEW_ARRANGEMENT + cache id. */
export const FIRST_VIEW_ARRANGEMENT: number = 1 << 30;

export const HEADER_TAG = 0;
export const ENTRY_TAG = 1;

export const APPLIED_KEY: Buffer = Buffer.from("applied");
export const SUSPENDED_KEY: Buffer = Buffer.from("suspended");

export function viewArrangement(cacheId: number): number {
  return FIRST_VIEW_ARRANGEMENT + cacheId;
}

export function viewStatusKey(cacheId: number): Buffer {
  return Buffer.from(`view/${cacheId}`);
}

/** Whether a view may be read; kept in the same store transaction as the view. */
export interface ViewStatus {
  readonly ready: boolean;
  /** Error deltas in scope. */
  readonly errors: number;
  readonly rows: number;
  readonly bytes: number;
}

export function encodeViewStatus(status: ViewStatus): Buffer {
  const bytes = Buffer.alloc(25);
  bytes[0] = status.ready ? 1 : 0;
  bytes.writeDoubleBE(status.errors, 1);
  bytes.writeDoubleBE(status.rows, 9);
  bytes.writeDoubleBE(status.bytes, 17);
  return bytes;
}

export function decodeViewStatus(bytes: Buffer): ViewStatus {
  return {
    ready: bytes[0] === 1,
    errors: bytes.readDoubleBE(1),
    rows: bytes.readDoubleBE(9),
    bytes: bytes.readDoubleBE(17),
  };
}

export interface KeyHeader {
  readonly lsn: Lsn;
  readonly rows: number;
  readonly bytes: number;
}

export function encodeKeyHeader(header: KeyHeader): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.writeBigUInt64BE(header.lsn, 0);
  bytes.writeUInt32BE(header.rows, 8);
  bytes.writeBigUInt64BE(BigInt(header.bytes), 12);
  return bytes;
}

export function decodeKeyHeader(bytes: Buffer): KeyHeader {
  return { lsn: bytes.readBigUInt64BE(0), rows: bytes.readUInt32BE(8), bytes: Number(bytes.readBigUInt64BE(12)) };
}

/** Above it, an entry could be taken for a list. */
const MAX_WEIGHT = 0xff00_0000;

/** Splits a single row's entry's value; the row is a view on it. */
export function decodeViewEntry(value: Buffer): { readonly weight: number; readonly row: Row } {
  return { weight: value.readUInt32BE(0), row: value.subarray(4) };
}

/** The weight alone. */
export function viewEntryWeight(value: Buffer): number {
  return value.readUInt32BE(0);
}

export function encodeViewEntry(weight: number, row: Row): Buffer {
  assert(weight < MAX_WEIGHT, "a row of a view is there too often");
  const bytes = Buffer.allocUnsafe(4 + row.length);
  bytes.writeUInt32BE(weight, 0);
  bytes.set(row, 4);
  return bytes;
}

/** Byte before a value in a sort key: orders NULLs and delimits. */
const SORT_NULL_FIRST = 0x00;
const SORT_VALUE = 0x01;
const SORT_NULL_LAST = 0x02;

/** Appends one column of a sort key: NULL marker, value key, inverted when descending. */
export function writeSortKey(
  out: KeyWriter,
  codec: Codec,
  value: Buffer | null,
  order: { readonly descending: boolean; readonly nullsFirst: boolean },
): void {
  if (value === null) {
    out.byte(order.nullsFirst ? SORT_NULL_FIRST : SORT_NULL_LAST);
    return;
  }
  out.byte(SORT_VALUE);
  const start = out.length;
  codec.writeKey(value, out);
  if (order.descending) out.invertFrom(start);
}

/** Builds the part of a view's key that the equality parameters fix, behind `tag`. Values are never NULL. */
export function viewKeyPrefix(
  out: KeyWriter,
  tag: number,
  codecs: readonly Codec[],
  values: readonly Buffer[],
): Buffer {
  out.truncate(0);
  out.byte(tag);
  values.forEach((value, index) => (codecs[index] as Codec).writeKey(value, out));
  return out.take();
}
