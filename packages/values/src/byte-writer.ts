/** Up to this length a byte loop beats native calls, which need a view on the bytes. */
const SHORT_BYTES = 48;
const ZERO = 0x30;
const MINUS = 0x2d;

/** A growing buffer that messages and text forms are written to; used again after `clear`. */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;
  readonly #initialBytes: number;

  constructor(initialBytes = 1024) {
    this.#initialBytes = initialBytes;
    this.#buffer = Buffer.allocUnsafe(initialBytes);
  }

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    const at = this.#reserve(1);
    this.#buffer[at] = value;
  }

  int16(value: number): void {
    const at = this.#reserve(2);
    this.#buffer[at] = value >>> 8;
    this.#buffer[at + 1] = value;
  }

  int32(value: number): void {
    this.setInt32(this.#reserve(4), value);
  }

  /** Overwrites what was written at `at`. */
  setInt32(at: number, value: number): void {
    const buffer = this.#buffer;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
  }

  bytes(source: Uint8Array, start = 0, end: number = source.length): void {
    let at = this.#reserve(end - start);
    const buffer = this.#buffer;
    if (end - start > SHORT_BYTES) buffer.set(source.subarray(start, end), at);
    else for (let from = start; from < end; from++) buffer[at++] = source[from] as number;
  }

  /** Text of ASCII characters alone. */
  ascii(text: string): void {
    const at = this.#reserve(text.length);
    const buffer = this.#buffer;
    if (text.length > SHORT_BYTES) buffer.write(text, at, "latin1");
    else for (let index = 0; index < text.length; index++) buffer[at + index] = text.charCodeAt(index);
  }

  /** A safe integer in decimal digits. */
  integer(value: number): void {
    let rest = value;
    if (rest < 0) {
      this.byte(MINUS);
      rest = -rest;
    }
    this.digits(rest, digitsOf(rest));
  }

  /** The last `count` decimal digits of a safe integer that is not negative. */
  digits(value: number, count: number): void {
    const start = this.#reserve(count);
    const buffer = this.#buffer;
    let rest = value;
    for (let at = start + count - 1; at >= start; at--) {
      const next = rest <= 0x7fff_ffff ? (rest / 10) | 0 : Math.floor(rest / 10);
      buffer[at] = ZERO + (rest - next * 10);
      rest = next;
    }
  }

  /** Forgets what was written behind `length`. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** Copies what was written to `target`, where there is room for it. */
  copyTo(target: Buffer, at: number): void {
    const length = this.#length;
    const buffer = this.#buffer;
    if (length > SHORT_BYTES) buffer.copy(target, at, 0, length);
    else for (let index = 0; index < length; index++) target[at + index] = buffer[index] as number;
  }

  /** A copy of what was written from `start` on. */
  copy(start: number): Buffer {
    return Buffer.from(this.#buffer.subarray(start, this.#length));
  }

  /** What was written, in memory of its own; the writer is empty afterwards. */
  take(): Buffer {
    const taken =
      this.#buffer.length > 2 * this.#initialBytes && this.#length > this.#buffer.length / 2
        ? this.#giveAway()
        : this.#copy();
    this.#length = 0;
    if (this.#buffer.length > 64 * this.#initialBytes) this.#buffer = Buffer.allocUnsafe(this.#initialBytes);
    return taken;
  }

  #copy(): Buffer {
    const copy = Buffer.allocUnsafe(this.#length);
    if (this.#length > SHORT_BYTES) this.#buffer.copy(copy, 0, 0, this.#length);
    else for (let at = 0; at < this.#length; at++) copy[at] = this.#buffer[at] as number;
    return copy;
  }

  #giveAway(): Buffer {
    const given = this.#buffer.subarray(0, this.#length);
    this.#buffer = Buffer.allocUnsafe(this.#initialBytes);
    return given;
  }

  #reserve(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, at);
      this.#buffer = grown;
    }
    this.#length = needed;
    return at;
  }
}

function digitsOf(value: number): number {
  let count = 1;
  for (let bound = 10; value >= bound; bound *= 10) count++;
  return count;
}
