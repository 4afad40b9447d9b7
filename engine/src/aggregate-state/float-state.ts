import { outOfRange } from "../expression/evaluation-error.ts";
import type { Accumulator } from "./accumulator.ts";
import { DOUBLE, roundRatio, SINGLE } from "./binary-fraction.ts";
import { SpecialCounts } from "./special-counts.ts";
import type { StateReader, StateWriter } from "./state-bytes.ts";
import { type Sum, sumAccumulator } from "./sum-state.ts";

export type FloatWidth = 4 | 8;

const SPECIAL_FLOATS = { nan: NaN, infinity: Infinity, "-infinity": -Infinity } as const;
const TWO_32 = 0x1_0000_0000;

/**
 * The exact sum of floats: an integer times a power of two. Being exact it does not depend on the
 * order of the values and does not drift when they are taken back; it is rounded once, in the result.
 */
class FloatSum implements Sum {
  readonly #width: FloatWidth;
  readonly #specials = new SpecialCounts();
  #finiteCount = 0;
  #negativeZeros = 0;
  #mantissa = 0n;
  #exponent = 0;

  constructor(width: FloatWidth) {
    this.#width = width;
  }

  get count(): number {
    return this.#finiteCount + this.#specials.count;
  }

  add(bytes: Buffer, weight: number): void {
    const value = this.#width === 8 ? bytes.readDoubleBE(0) : bytes.readFloatBE(0);
    if (!Number.isFinite(value)) {
      this.#specials.add(Number.isNaN(value) ? "nan" : value > 0 ? "infinity" : "-infinity", weight);
      return;
    }
    this.#finiteCount += weight;
    if (value === 0) {
      if (Object.is(value, -0)) this.#negativeZeros += weight;
    } else if (Number.isSafeInteger(value)) {
      this.#addScaled(BigInt(value) * BigInt(weight), 0);
    } else {
      this.#addFraction(value, weight);
    }
  }

  #addFraction(value: number, weight: number): void {
    fractionView.setFloat64(0, value);
    const high = fractionView.getUint32(0);
    const field = (high >>> 20) & 0x7ff;
    const top = (high & 0xfffff) + (field === 0 ? 0 : 0x100000);
    const mantissa = top * TWO_32 + fractionView.getUint32(4);
    this.#addScaled(BigInt(value < 0 ? -mantissa : mantissa) * BigInt(weight), Math.max(field, 1) - 1075);
  }

  /** Adds mantissa * 2^exponent. */
  #addScaled(mantissa: bigint, exponent: number): void {
    if (exponent < this.#exponent) {
      this.#mantissa <<= BigInt(this.#exponent - exponent);
      this.#exponent = exponent;
    }
    this.#mantissa += exponent === this.#exponent ? mantissa : mantissa << BigInt(exponent - this.#exponent);
  }

  /** The sum, rounded to the argument's type. Only negative zeros sum up to -0. */
  get sum(): number {
    const special = this.#specials.verdict;
    if (special !== undefined) return SPECIAL_FLOATS[special];
    if (this.#negativeZeros !== 0 && this.#negativeZeros === this.#finiteCount) return -0;
    return finiteOnly(roundRatio(this.#mantissa, 1n, this.#exponent, this.#width === 8 ? DOUBLE : SINGLE));
  }

  /** The mean, rounded to double. PostgreSQL's is computed from a sum that may overflow. */
  get average(): number {
    const special = this.#specials.verdict;
    if (special !== undefined) return SPECIAL_FLOATS[special];
    finiteOnly(roundRatio(this.#mantissa, 1n, this.#exponent, DOUBLE));
    return roundRatio(this.#mantissa, BigInt(this.#finiteCount), this.#exponent, DOUBLE);
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
    out.integer(this.#finiteCount);
    out.integer(this.#mantissa);
    out.integer(this.#exponent);
    const rare = !this.#specials.isEmpty || this.#negativeZeros !== 0;
    if (!rare) return;
    out.integer(this.#negativeZeros);
    this.#specials.write(out);
  }

  read(source: StateReader): void {
    this.#finiteCount = source.number();
    this.#mantissa = source.bigint();
    this.#exponent = source.number();
    if (source.done) return;
    this.#negativeZeros = source.number();
    this.#specials.read(source);
  }
}

const fractionView = new DataView(new ArrayBuffer(8));

function finiteOnly(value: number): number {
  if (!Number.isFinite(value)) throw outOfRange("value out of range: overflow");
  return value;
}

function doubleBytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleBE(value);
  return bytes;
}

function singleBytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeFloatBE(value);
  return bytes;
}

/** sum(float4) is float4, sum(float8) is float8. */
export function floatSumAccumulator(width: FloatWidth): Accumulator {
  return sumAccumulator(
    () => new FloatSum(width),
    (sum) => (width === 8 ? doubleBytes(sum.sum) : singleBytes(sum.sum)),
  );
}

/** avg of either is float8. */
export function floatAverageAccumulator(width: FloatWidth): Accumulator {
  return sumAccumulator(
    () => new FloatSum(width),
    (sum) => doubleBytes(sum.average),
  );
}
