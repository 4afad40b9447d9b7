import { assert } from "@freshet/base";
import type { Row } from "@freshet/values";

/** Rows in one buffer: for each a uint32 byte length (big-endian) and the packed row. */
export class RowBatchWriter {
  #buffer: Buffer;
  #length = 0;
  #rows = 0;

  constructor(initialBytes: number = 1 << 16) {
    this.#buffer = Buffer.allocUnsafeSlow(initialBytes);
  }

  get bytes(): number {
    return this.#length;
  }

  get rows(): number {
    return this.#rows;
  }

  push(row: Row): void {
    const needed = this.#length + 4 + row.length;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    this.#buffer.writeUInt32BE(row.length, this.#length);
    this.#buffer.set(row, this.#length + 4);
    this.#length = needed;
    this.#rows++;
  }

  /** The batch so far, with memory of its own; the writer is empty afterwards. */
  take(): Buffer {
    const batch = this.#buffer.subarray(0, this.#length);
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(1 << 10, this.#length));
    this.#length = 0;
    this.#rows = 0;
    return batch;
  }
}

/** Reads a batch; rows are views on its memory. */
export function* readRows(batch: Buffer): IterableIterator<Row> {
  let at = 0;
  while (at < batch.length) {
    const length = batch.readUInt32BE(at);
    at += 4 + length;
    assert(at <= batch.length, "a packed row runs past its batch");
    yield batch.subarray(at - length, at);
  }
}
