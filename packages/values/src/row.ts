import { assert } from "@freshet/base";

/**
 * A row in packed form: for each column a big-endian int32 length and that many bytes, which are
 * PostgreSQL's binary send format of the value; length -1 is NULL. The same layout as the body of a
 * DataRow (all columns binary), a binary COPY tuple and a binary pgoutput tuple, each without its
 * leading column count. Two rows are the same row exactly when their bytes are equal.
 */
export type Row = Buffer;

/** Length word of NULL. */
export const NULL_LENGTH = -1;
/** Length word of an unchanged TOASTed column; only in a change's new row, never in a stored one. */
export const UNCHANGED_LENGTH = -2;

export const EMPTY_ROW: Row = Buffer.alloc(0);

/** Packs values (binary send format, null for NULL) into a row of its own memory. */
export function packRow(values: readonly (Uint8Array | null)[]): Row {
  let size = 0;
  for (const value of values) size += 4 + (value === null ? 0 : value.length);
  const row = Buffer.allocUnsafe(size);
  let at = 0;
  for (const value of values) {
    if (value === null) {
      row.writeInt32BE(NULL_LENGTH, at);
      at += 4;
      continue;
    }
    row.writeInt32BE(value.length, at);
    row.set(value, at + 4);
    at += 4 + value.length;
  }
  return row;
}

/** The columns of a row as views on its memory; null for NULL. */
export function unpackRow(row: Row): (Buffer | null)[] {
  const values: (Buffer | null)[] = [];
  let at = 0;
  while (at < row.length) {
    const length = row.readInt32BE(at);
    at += 4;
    if (length < 0) {
      values.push(null);
      continue;
    }
    assert(at + length <= row.length, "a row's column runs past its end");
    values.push(row.subarray(at, at + length));
    at += length;
  }
  return values;
}

/**
 * Fills `offsets[i]` with the position of column i's length word, and `offsets[count]` with the
 * row's end. `offsets` must hold count + 1 entries; reuse one per operator.
 */
export function locateColumns(row: Row, count: number, offsets: Int32Array): void {
  let at = 0;
  for (let index = 0; index < count; index++) {
    offsets[index] = at;
    const length = row.readInt32BE(at);
    at += length < 0 ? 4 : 4 + length;
  }
  offsets[count] = at;
  assert(at === row.length, () => `a row of ${row.length} bytes does not have ${count} columns`);
}
