import type { StateReader, StateWriter } from "./state-bytes.ts";

const TWO_32 = 0x1_0000_0000;
const fractionView = new DataView(new ArrayBuffer(8));

/** A finite float as mantissa * 2^exponent. */
export interface Dyadic {
  readonly mantissa: bigint;
  readonly exponent: number;
}

/** The exact value of a finite float. */
export function dyadicOf(value: number): Dyadic {
  if (Number.isSafeInteger(value)) return { mantissa: BigInt(value), exponent: 0 };
  fractionView.setFloat64(0, value);
  const high = fractionView.getUint32(0);
  const field = (high >>> 20) & 0x7ff;
  const top = (high & 0xfffff) + (field === 0 ? 0 : 0x100000);
  const mantissa = top * TWO_32 + fractionView.getUint32(4);
  return { mantissa: BigInt(value < 0 ? -mantissa : mantissa), exponent: Math.max(field, 1) - 1075 };
}

/** An exact sum of floats or of their products: an integer times a power of two. */
export class DyadicSum {
  #mantissa = 0n;
  #exponent = 0;

  get mantissa(): bigint {
    return this.#mantissa;
  }

  get exponent(): number {
    return this.#exponent;
  }

  /** Adds mantissa * 2^exponent. */
  add(mantissa: bigint, exponent: number): void {
    if (exponent < this.#exponent) {
      this.#mantissa <<= BigInt(this.#exponent - exponent);
      this.#exponent = exponent;
    }
    this.#mantissa += exponent === this.#exponent ? mantissa : mantissa << BigInt(exponent - this.#exponent);
  }

  /** The exponent as small as the mantissa allows, so that equal sums have equal bytes. */
  #normalize(): void {
    if (this.#mantissa === 0n) {
      this.#exponent = 0;
      return;
    }
    let zeros = 0;
    while (((this.#mantissa >> BigInt(zeros)) & 0xffffffffn) === 0n) zeros += 32;
    while (((this.#mantissa >> BigInt(zeros)) & 1n) === 0n) zeros++;
    this.#mantissa >>= BigInt(zeros);
    this.#exponent += zeros;
  }

  write(out: StateWriter): void {
    this.#normalize();
    out.integer(this.#mantissa);
    out.integer(this.#exponent);
  }

  read(source: StateReader): void {
    this.#mantissa = source.bigint();
    this.#exponent = source.number();
  }
}
