import { locateColumns } from "@freshet/values";
import type { Row } from "@freshet/values";

const NO_ROW: Row = Buffer.alloc(0);

/**
 * A packed row with its columns located. One per operator, reused for every row: what it hands out
 * is valid until the next `set`.
 */
export class RowView {
  /** The row; compiled expressions read it directly. */
  buffer: Row = NO_ROW;
  /** `offsets[i]` is the position of column i's length word. */
  offsets: Int32Array = new Int32Array(9);

  set(row: Row, count: number): void {
    if (this.offsets.length <= count) this.offsets = new Int32Array(count * 2 + 1);
    locateColumns(row, count, this.offsets);
    this.buffer = row;
  }

  /** The column's value in binary send format as a view on the row's memory; null for NULL. */
  bytes(index: number): Buffer | null {
    const at = this.offsets[index] as number;
    const length = this.buffer.readInt32BE(at);
    return length < 0 ? null : this.buffer.subarray(at + 4, at + 4 + length);
  }

  /** Position of the column's first byte; -1 for NULL. */
  start(index: number): number {
    const at = this.offsets[index] as number;
    return (this.buffer[at] as number) >= 0x80 ? -1 : at + 4;
  }

  /** Length of a column that is not NULL. */
  length(index: number): number {
    return this.buffer.readInt32BE(this.offsets[index]);
  }
}
