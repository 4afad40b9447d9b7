/** Up to this length a byte loop beats native calls. */
const SHORT_BYTES = 48;

/**
 * A growing buffer for order-preserving keys. One per user of keys, reused: `take` copies the key out
 * and starts the next one.
 */
export class KeyWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(initialBytes = 256) {
    this.#buffer = Buffer.allocUnsafe(initialBytes);
  }

  get length(): number {
    return this.#length;
  }

  #reserve(bytes: number): number {
    const at = this.#length;
    const needed = at + bytes;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, at);
      this.#buffer = grown;
    }
    this.#length = needed;
    return at;
  }

  byte(value: number): void {
    const at = this.#reserve(1);
    this.#buffer[at] = value;
  }

  uint32(value: number): void {
    const at = this.#reserve(4);
    const buffer = this.#buffer;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
  }

  bytes(value: Uint8Array): void {
    const { length } = value;
    const at = this.#reserve(length);
    const buffer = this.#buffer;
    if (length > SHORT_BYTES) buffer.set(value, at);
    else for (let index = 0; index < length; index++) buffer[at + index] = value[index] as number;
  }

  /** The bytes of a signed big-endian integer with its sign bit flipped: unsigned byte order is the signed order. */
  flipped(source: Uint8Array, start: number, length: number): void {
    const at = this.#reserve(length);
    const buffer = this.#buffer;
    buffer[at] = (source[start] as number) ^ 0x80;
    for (let index = 1; index < length; index++) buffer[at + index] = source[start + index] as number;
  }

  /** Bytes in which 0x00 is escaped as 0x00 0xFF, ended by 0x00 0x01: ordered and self-delimiting. */
  escaped(value: Uint8Array): void {
    this.escapedRange(value, 0, value.length);
  }

  /** The same of `source[start, end)`. */
  escapedRange(source: Uint8Array, start: number, end: number): void {
    if (end - start <= SHORT_BYTES) this.#escapedShort(source, start, end);
    else this.#escapedLong(source.subarray(start, end));
  }

  /** For a few bytes a loop is faster than the calls that search and copy. */
  #escapedShort(source: Uint8Array, start: number, end: number): void {
    let at = this.#reserve(2 * (end - start) + 2);
    const buffer = this.#buffer;
    for (let index = start; index < end; index++) {
      const byte = source[index] as number;
      buffer[at++] = byte;
      if (byte === 0) buffer[at++] = 0xff;
    }
    buffer[at++] = 0x00;
    buffer[at++] = 0x01;
    this.#length = at;
  }

  #escapedLong(value: Uint8Array): void {
    let from = 0;
    for (let zero = value.indexOf(0); zero >= 0; zero = value.indexOf(0, from)) {
      this.bytes(value.subarray(from, zero + 1));
      this.byte(0xff);
      from = zero + 1;
    }
    this.bytes(from === 0 ? value : value.subarray(from));
    this.byte(0x00);
    this.byte(0x01);
  }

  /** Inverts the bytes written since `start`: descending order of what was ascending. */
  invertFrom(start: number): void {
    for (let at = start; at < this.#length; at++) this.#buffer[at] = ~(this.#buffer[at] as number);
  }

  truncate(length: number): void {
    this.#length = length;
  }

  /** The key so far, as a copy; the writer is empty afterwards. */
  take(): Buffer {
    const length = this.#length;
    const key = Buffer.allocUnsafe(length);
    if (length > SHORT_BYTES) key.set(this.#buffer.subarray(0, length));
    else for (let at = 0; at < length; at++) key[at] = this.#buffer[at] as number;
    this.#length = 0;
    return key;
  }

  /** The key so far as a view, valid until the next write. */
  peek(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}
