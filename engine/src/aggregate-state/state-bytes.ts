import { assert } from "@freshet/base";

/** Every writer's memory: a state is written in one go, and its bytes are copied out. */
let scratch = Buffer.allocUnsafeSlow(1024);

/** Writes an accumulator's state: integers of any size, small ones in few bytes. One at a time. */
export class StateWriter {
  #length = 0;

  /** A signed integer as a zigzag varint. */
  integer(value: number | bigint): void {
    if (typeof value === "bigint") this.#big(value);
    else if (Math.abs(value) <= 0x3fffffff) this.#small(value < 0 ? -value * 2 - 1 : value * 2);
    else if (Math.abs(value) <= MAX_HALF) this.#medium(value < 0 ? -value * 2 - 1 : value * 2);
    else this.#big(BigInt(value));
  }

  #byte(value: number): void {
    if (this.#length === scratch.length) scratch = Buffer.concat([scratch], scratch.length * 2);
    scratch[this.#length++] = value;
  }

  #small(zigzag: number): void {
    let rest = zigzag;
    while (rest >= 0x80) {
      this.#byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.#byte(rest);
  }

  /** Below 2^53, where numbers are exact but beyond the bit operators. */
  #medium(zigzag: number): void {
    let rest = zigzag;
    while (rest >= 0x80000000) {
      this.#byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.#small(rest);
  }

  #big(value: bigint): void {
    let rest = value < 0n ? -value * 2n - 1n : value * 2n;
    while (rest >= 0x80n) {
      this.#byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.#byte(Number(rest));
  }

  take(): Buffer {
    const bytes = Buffer.allocUnsafe(this.#length);
    for (let at = 0; at < this.#length; at++) bytes[at] = scratch[at] as number;
    this.#length = 0;
    return bytes;
  }
}

/** Twice of it is still exact. */
const MAX_HALF = 2 ** 52 - 1;

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
    return Number(this.integer());
  }

  /** The next integer; a number where its zigzag form is exact as one. */
  integer(): number | bigint {
    const start = this.#at;
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.#next();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
      factor *= 128;
    }
    if (value <= Number.MAX_SAFE_INTEGER) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    this.#at = start;
    return this.bigint();
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
