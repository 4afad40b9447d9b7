import type { Row } from "@freshet/values";
import { decodeViewEntry } from "./view-layout.ts";

/**
 * All rows of one parameter key of a view in one entry (see view-layout.ts), so that a point look-up is one look into the store:
 *   LIST_MARK, then of each row: uint32 weight, uint16 length of the sort key, uint32 length of the row, the sort key (behind the range key, if any), the visible row
 * in the order of what the rows' own entries would have for keys. The mark alone stands for rows in entries of their own.
 */
const LIST_MARK = 0xff;
const ROW_HEAD_BYTES = 10;

/** What stands in a list's place where the rows are in entries of their own. */
export const SPILLED_LIST: Buffer = Buffer.of(LIST_MARK);

/** A row of a view, with what orders it among those of its key. */
export interface ListedRow {
  readonly weight: number;
  /** With the range key in front. */
  readonly sortKey: Buffer;
  readonly row: Row;
}

/** Whether the value of an entry of a view is a list; else it is a single row's. */
export function isViewList(value: Buffer): boolean {
  return value[0] === LIST_MARK;
}

export function isSpilledList(value: Buffer): boolean {
  return value.length === 1;
}

/** How much longer a list is for this row. */
export function listedRowBytes({ sortKey, row }: Omit<ListedRow, "weight">): number {
  return ROW_HEAD_BYTES + sortKey.length + row.length;
}

export function encodeViewList(rows: readonly ListedRow[]): Buffer {
  let size = 1;
  for (const row of rows) size += listedRowBytes(row);
  const list = Buffer.allocUnsafe(size);
  list[0] = LIST_MARK;
  let at = 1;
  for (const { weight, sortKey, row } of rows) {
    list.writeUInt32BE(weight, at);
    list.writeUInt16BE(sortKey.length, at + 4);
    list.writeUInt32BE(row.length, at + 6);
    at += ROW_HEAD_BYTES;
    list.set(sortKey, at);
    list.set(row, at + sortKey.length);
    at += sortKey.length + row.length;
  }
  return list;
}

/** Goes through a list's rows: each one's sort key is at [sortKey, row), and the row at [row, end). */
export function readViewList(
  list: Buffer,
  visit: (weight: number, sortKey: number, row: number, end: number) => void,
): void {
  for (let at = 1; at < list.length;) {
    const sortKey = at + ROW_HEAD_BYTES;
    const row = sortKey + list.readUInt16BE(at + 4);
    const end = row + list.readUInt32BE(at + 6);
    visit(list.readUInt32BE(at), sortKey, row, end);
    at = end;
  }
}

/** The rows of a list, as views on its memory. */
export function decodeViewList(list: Buffer): ListedRow[] {
  const rows: ListedRow[] = [];
  readViewList(list, (weight, sortKey, row, end) => {
    rows.push({ weight, sortKey: list.subarray(sortKey, row), row: list.subarray(row, end) });
  });
  return rows;
}

/** The rows in any entry of a view, a list or a row's own. */
export function viewEntryRows(value: Buffer): readonly { readonly weight: number; readonly row: Row }[] {
  return isViewList(value) ? decodeViewList(value) : [decodeViewEntry(value)];
}
