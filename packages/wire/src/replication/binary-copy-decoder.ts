import { FreshetError, SqlState } from "@freshet/base";
import type { Row } from "@freshet/values";

const SIGNATURE: Buffer = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
const HEADER_BYTES = SIGNATURE.length + 8;
const NONE: Buffer = Buffer.alloc(0);

/**
 * Decodes the output of COPY … TO STDOUT (FORMAT binary), cut into chunks anywhere. A binary COPY tuple
 * is a packed row behind its column count, so rows are views on the chunk, or on a copy where a row
 * spans chunks; they hold only until `row` returns.
 */
export class BinaryCopyDecoder {
  readonly #columns: number;
  readonly #row: (row: Row) => void;
  #rest: Buffer = NONE;
  #headerSeen = false;
  #trailerSeen = false;

  constructor(columns: number, row: (row: Row) => void) {
    this.#columns = columns;
    this.#row = row;
  }

  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = this.#headerSeen ? 0 : this.#readHeader(bytes);
    if (this.#headerSeen) {
      for (let next = this.#readTuple(bytes, at); next > at; next = this.#readTuple(bytes, at)) at = next;
    }
    // The chunk's memory is the caller's; what is left over must be our own.
    this.#rest = at === bytes.length ? NONE : Buffer.from(bytes.subarray(at));
  }

  /** To be called when the COPY is done; fails when the data stopped early. */
  end(): void {
    if (!this.#trailerSeen) throw violation("ended before its trailer");
  }

  #readHeader(bytes: Buffer): number {
    if (bytes.length < HEADER_BYTES) return 0;
    if (bytes.compare(SIGNATURE, 0, SIGNATURE.length, 0, SIGNATURE.length) !== 0) throw violation("has no signature");
    const flags = bytes.readUInt32BE(SIGNATURE.length);
    // The upper half marks features without which the file cannot be read.
    if ((flags & 0xffff0000) !== 0) throw violation(`has unknown flags ${flags}`);
    const extension = bytes.readUInt32BE(SIGNATURE.length + 4);
    if (bytes.length < HEADER_BYTES + extension) return 0;
    this.#headerSeen = true;
    return HEADER_BYTES + extension;
  }

  /** Returns where the next tuple begins, or `start` when this one is not complete. */
  #readTuple(bytes: Buffer, start: number): number {
    if (start + 2 > bytes.length) return start;
    if (this.#trailerSeen) throw violation("goes on after its trailer");
    const count = bytes.readInt16BE(start);
    if (count === -1) {
      this.#trailerSeen = true;
      return start + 2;
    }
    if (count !== this.#columns) throw violation(`has a row of ${count} columns instead of ${this.#columns}`);
    let at = start + 2;
    for (let column = 0; column < count; column++) {
      if (at + 4 > bytes.length) return start;
      const length = bytes.readInt32BE(at);
      if (length < -1) throw violation(`has a column of length ${length}`);
      at += length < 0 ? 4 : 4 + length;
    }
    if (at > bytes.length) return start;
    this.#row(bytes.subarray(start + 2, at));
    return at;
  }
}

function violation(problem: string): FreshetError {
  return new FreshetError(SqlState.protocolViolation, `binary COPY data from the upstream ${problem}`);
}
