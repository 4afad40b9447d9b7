import { assert } from "@freshet/base";

/** Writes an accumulator's state: integers of any size, small ones in few bytes. */
export class StateWriter {
  #bytes: number[] = [];

  /** A signed integer as a zigzag varint. */
  integer(value: number | bigint): void {
    if (typeof value === "number" && Math.abs(value) <= 0x3fffffff) {
      this.#small(value < 0 ? -value * 2 - 1 : value * 2);
      return;
    }
    let rest = BigInt(value);
    rest = rest < 0n ? -rest * 2n - 1n : rest * 2n;
    while (rest >= 0x80n) {
      this.#bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.#bytes.push(Number(rest));
  }

  #small(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes.push((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.#bytes.push(rest);
  }

  take(): Buffer {
    const bytes = Buffer.from(this.#bytes);
    this.#bytes = [];
    return bytes;
  }
}

/** Reads what StateWriter wrote, in the same order. */
export class StateReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  get done(): boolean {
    return this.#at === this.#buffer.length;
  }

  /** An integer that was written from a safe number. */
  number(): number {
    const start = this.#at;
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.#next();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
      factor *= 128;
    }
    if (value > Number.MAX_SAFE_INTEGER) {
      this.#at = start;
      return Number(this.bigint());
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  bigint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#next();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return (value & 1n) === 0n ? value >> 1n : -((value + 1n) >> 1n);
  }

  #next(): number {
    assert(this.#at < this.#buffer.length, "an accumulator's state is cut short");
    return this.#buffer[this.#at++] as number;
  }
}
