import { assert } from "@freshet/base";
import type { Entry, ReadTransaction, WriteTransaction } from "@freshet/store";
import type { Row } from "@freshet/values";
import { copyBytes } from "./copy-bytes.ts";
import { addWeight, decodeMultisetEntry, multisetKey } from "./multiset.ts";
import type { Tally } from "./tally.ts";

/** A row and how often it is there, or by how much that changes. */
export interface WeightedRow {
  readonly row: Row;
  readonly weight: number;
}

/** First byte of a list; a multiset's entry begins with a weight, which is never that large. */
const LIST_MARK = 0xff;
const HEAD_BYTES = 5;
const WEIGHT_BYTES = 6;
const ROW_HEAD_BYTES = WEIGHT_BYTES + 4;

/** A list takes in further rows up to this length: it is written anew with each change of one of them. */
const MAX_LIST_BYTES = 1024;

/** Up to this length a byte loop beats a native comparison. */
const SHORT_BYTES = 64;

/** The rows of one entry of the arrangement, with their key. */
export interface EntryRows {
  readonly key: Buffer;
  readonly rows: readonly WeightedRow[];
}

/**
 * Rows by key in an arrangement, most often all rows of a key in one entry:
 *   key                -> LIST_MARK, uint32 number of further rows, then of each row: uint48 weight, uint32 length, row
 *   key, as multiset.ts -> a further row, which the list had no room for
 * A key that has rows has a list. It takes in no new rows as long as there are further ones, so a row is in one place alone. Keys are prefix-free.
 */
export class KeyedRows {
  readonly #arrangement: number;
  readonly #list = new RowList();

  constructor(arrangement: number) {
    this.#arrangement = arrangement;
  }

  /** Adds to the rows of `key`; each row of `deltas` occurs once, with a weight that is not 0. */
  add(transaction: WriteTransaction, key: Buffer, deltas: readonly WeightedRow[], tally: Tally): void {
    const stored = transaction.get(this.#arrangement, key);
    if (stored !== undefined && furtherRows(stored) === 0) {
      const after = changedInPlace(stored, deltas);
      if (after !== null) {
        for (const { weight } of deltas) tally.rows += weight;
        tally.bytes += after.length - stored.length;
        transaction.put(this.#arrangement, key, after);
        return;
      }
    }
    const list = this.#list;
    list.read(stored);
    const further = list.further;
    const rest: WeightedRow[] = [];
    for (const delta of deltas) {
      if (list.adjust(delta)) tally.rows += delta.weight;
      else rest.push(delta);
    }
    let changed = rest.length < deltas.length;
    for (const delta of rest) {
      if (list.further === 0 && list.append(delta)) {
        tally.rows += delta.weight;
        changed = true;
      } else this.#addFurther(transaction, key, delta, tally);
    }
    if (!changed && list.further === further) return;
    const after = list.write();
    if (stored !== undefined) tally.bytes -= key.length + stored.length;
    if (after !== null) {
      tally.bytes += key.length + after.length;
      transaction.put(this.#arrangement, key, after);
    } else if (stored !== undefined) transaction.remove(this.#arrangement, key);
  }

  #addFurther(transaction: WriteTransaction, key: Buffer, { row, weight }: WeightedRow, tally: Tally): void {
    const entryKey = multisetKey(key, row);
    const before = addWeight(transaction, this.#arrangement, entryKey, key.length, row, weight, tally);
    if (before === 0) this.#list.further++;
    else if (before + weight === 0) this.#list.further--;
  }

  /** The rows of `key`, in no order; at most about `limit` of them. */
  rowsAt(reads: ReadTransaction, key: Buffer, limit?: number): WeightedRow[] {
    const rows: WeightedRow[] = [];
    const list = reads.get(this.#arrangement, key);
    if (list === undefined) return rows;
    readRows(list, rows);
    if (furtherRows(list) === 0 || (limit !== undefined && rows.length >= limit)) return rows;
    const entries = limit === undefined ? undefined : limit + 1 - rows.length;
    for (const entry of reads.scanPrefix(this.#arrangement, key, entries)) {
      if (entry.key.length > key.length) rows.push(decodeMultisetEntry(entry));
    }
    return rows;
  }
}

/** The rows of an entry of an arrangement that KeyedRows keeps. Those of a key are in neighbouring entries. */
export function decodeKeyedEntry(entry: Entry): EntryRows {
  if (entry.value[0] === LIST_MARK) {
    const rows: WeightedRow[] = [];
    readRows(entry.value, rows);
    return { key: entry.key, rows };
  }
  const { row, weight, prefixLength } = decodeMultisetEntry(entry);
  return { key: entry.key.subarray(0, prefixLength), rows: [{ row, weight }] };
}

function furtherRows(list: Buffer): number {
  return list.readUInt32BE(1);
}

/** Appends a list's rows, as views on its memory. */
function readRows(list: Buffer, rows: WeightedRow[]): void {
  for (let at = HEAD_BYTES; at < list.length;) {
    const from = at + ROW_HEAD_BYTES;
    const to = from + list.readUInt32BE(at + WEIGHT_BYTES);
    rows.push({ row: list.subarray(from, to), weight: list.readUIntBE(at, WEIGHT_BYTES) });
    at = to;
  }
}

/** The commonest changes of a list, without taking it apart: a row in place of one as long, and a further row. Null where it is neither. */
function changedInPlace(list: Buffer, deltas: readonly WeightedRow[]): Buffer | null {
  const [first, second] = deltas;
  if (first === undefined || deltas.length > 2) return null;
  if (second === undefined) return first.weight > 0 ? appended(list, first) : null;
  return first.weight < 0 ? replaced(list, first, second) : replaced(list, second, first);
}

function appended(list: Buffer, { row, weight }: WeightedRow): Buffer | null {
  const length = list.length + ROW_HEAD_BYTES + row.length;
  if (length > MAX_LIST_BYTES || positionOf(list, row) >= 0) return null;
  const longer = Buffer.allocUnsafe(length);
  copyBytes(list, 0, list.length, longer, 0);
  longer.writeUIntBE(weight, list.length, WEIGHT_BYTES);
  longer.writeUInt32BE(row.length, list.length + WEIGHT_BYTES);
  copyBytes(row, 0, row.length, longer, list.length + ROW_HEAD_BYTES);
  return longer;
}

function replaced(list: Buffer, gone: WeightedRow, come: WeightedRow): Buffer | null {
  if (gone.weight >= 0 || come.weight <= 0 || gone.row.length !== come.row.length) return null;
  const at = positionOf(list, gone.row);
  if (at < 0 || list.readUIntBE(at, WEIGHT_BYTES) !== -gone.weight || positionOf(list, come.row) >= 0) return null;
  list.writeUIntBE(come.weight, at, WEIGHT_BYTES);
  copyBytes(come.row, 0, come.row.length, list, at + ROW_HEAD_BYTES);
  return list;
}

/** Where the row's weight stands in a list; -1 when the row is not in it. */
function positionOf(list: Buffer, row: Row): number {
  for (let at = HEAD_BYTES; at < list.length;) {
    const length = list.readUInt32BE(at + WEIGHT_BYTES);
    if (length === row.length && isRowAt(list, at + ROW_HEAD_BYTES, row)) return at;
    at += ROW_HEAD_BYTES + length;
  }
  return -1;
}

function isRowAt(source: Buffer, start: number, row: Row): boolean {
  if (row.length > SHORT_BYTES) return source.compare(row, 0, row.length, start, start + row.length) === 0;
  for (let at = 0; at < row.length; at++) if (source[start + at] !== row[at]) return false;
  return true;
}

/** A list that is being changed. One, used again for each key. */
class RowList {
  /** Where each row's bytes are: in the stored list, or a row that was appended. */
  readonly #sources: Buffer[] = [];
  readonly #starts: number[] = [];
  readonly #lengths: number[] = [];
  readonly #weights: number[] = [];
  #bytes = 0;
  further = 0;

  read(stored: Buffer | undefined): void {
    this.#sources.length = 0;
    this.#starts.length = 0;
    this.#lengths.length = 0;
    this.#weights.length = 0;
    this.#bytes = HEAD_BYTES;
    this.further = 0;
    if (stored === undefined) return;
    this.further = furtherRows(stored);
    for (let at = HEAD_BYTES; at < stored.length;) {
      const length = stored.readUInt32BE(at + WEIGHT_BYTES);
      this.#push(stored, at + ROW_HEAD_BYTES, length, stored.readUIntBE(at, WEIGHT_BYTES));
      at += ROW_HEAD_BYTES + length;
    }
  }

  /** Changes the weight of a row that is in the list; false when it is not. */
  adjust({ row, weight }: WeightedRow): boolean {
    for (let index = 0; index < this.#weights.length; index++) {
      if (this.#lengths[index] !== row.length) continue;
      if (!isRowAt(this.#sources[index] as Buffer, this.#starts[index] as number, row)) continue;
      const after = (this.#weights[index] as number) + weight;
      assert(after >= 0, "a row's weight would become negative");
      this.#weights[index] = after;
      if (after === 0) this.#bytes -= ROW_HEAD_BYTES + row.length;
      return true;
    }
    return false;
  }

  /** Adds a row that is not in the list; false when there is no room for it. The only row has room, whatever its length. */
  append({ row, weight }: WeightedRow): boolean {
    if (this.#bytes > HEAD_BYTES && this.#bytes + ROW_HEAD_BYTES + row.length > MAX_LIST_BYTES) return false;
    assert(weight > 0, "a row's weight would become negative");
    this.#push(row, 0, row.length, weight);
    return true;
  }

  /** Null when the key has no rows any more. */
  write(): Buffer | null {
    if (this.#bytes === HEAD_BYTES && this.further === 0) return null;
    const list = Buffer.allocUnsafe(this.#bytes);
    list[0] = LIST_MARK;
    list.writeUInt32BE(this.further, 1);
    let at = HEAD_BYTES;
    for (let index = 0; index < this.#weights.length; index++) {
      const weight = this.#weights[index] as number;
      if (weight === 0) continue;
      const start = this.#starts[index] as number;
      const length = this.#lengths[index] as number;
      list.writeUIntBE(weight, at, WEIGHT_BYTES);
      list.writeUInt32BE(length, at + WEIGHT_BYTES);
      copyBytes(this.#sources[index] as Buffer, start, start + length, list, at + ROW_HEAD_BYTES);
      at += ROW_HEAD_BYTES + length;
    }
    return list;
  }

  #push(source: Buffer, start: number, length: number, weight: number): void {
    this.#sources.push(source);
    this.#starts.push(start);
    this.#lengths.push(length);
    this.#weights.push(weight);
    this.#bytes += ROW_HEAD_BYTES + length;
  }
}
