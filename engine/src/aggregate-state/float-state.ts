import { outOfRange } from "../expression/evaluation-error.ts";
import type { Accumulator } from "./accumulator.ts";
import { DOUBLE, roundRatio, SINGLE } from "./binary-fraction.ts";
import { DyadicSum, dyadicOf } from "./dyadic-sum.ts";
import { SpecialCounts, type SpecialKind } from "./special-counts.ts";
import type { StateReader, StateWriter } from "./state-bytes.ts";
import { type Sum, sumAccumulator } from "./sum-state.ts";

export type FloatWidth = 4 | 8;

export const SPECIAL_FLOATS: Readonly<Record<SpecialKind, number>> = {
  nan: NaN,
  infinity: Infinity,
  "-infinity": -Infinity,
};

/**
 * The exact sum of floats: an integer times a power of two. Being exact it does not depend on the
 * order of the values and does not drift when they are taken back; it is rounded once, in the result.
 */
class FloatSum implements Sum {
  readonly #width: FloatWidth;
  readonly #specials = new SpecialCounts();
  #finiteCount = 0;
  #negativeZeros = 0;
  readonly #total = new DyadicSum();

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
      return;
    }
    const { mantissa, exponent } = dyadicOf(value);
    this.#total.add(mantissa * BigInt(weight), exponent);
  }

  /** The sum, rounded to the argument's type. Only negative zeros sum up to -0. */
  get sum(): number {
    const special = this.#specials.verdict;
    if (special !== undefined) return SPECIAL_FLOATS[special];
    if (this.#negativeZeros !== 0 && this.#negativeZeros === this.#finiteCount) return -0;
    const { mantissa, exponent } = this.#total;
    return finiteOnly(roundRatio(mantissa, 1n, exponent, this.#width === 8 ? DOUBLE : SINGLE));
  }

  /** The mean, rounded to double. PostgreSQL's is computed from a sum that may overflow. */
  get average(): number {
    const special = this.#specials.verdict;
    if (special !== undefined) return SPECIAL_FLOATS[special];
    const { mantissa, exponent } = this.#total;
    finiteOnly(roundRatio(mantissa, 1n, exponent, DOUBLE));
    return roundRatio(mantissa, BigInt(this.#finiteCount), exponent, DOUBLE);
  }

  write(out: StateWriter): void {
    out.integer(this.#finiteCount);
    this.#total.write(out);
    const rare = !this.#specials.isEmpty || this.#negativeZeros !== 0;
    if (!rare) return;
    out.integer(this.#negativeZeros);
    this.#specials.write(out);
  }

  read(source: StateReader): void {
    this.#finiteCount = source.number();
    this.#total.read(source);
    if (source.done) return;
    this.#negativeZeros = source.number();
    this.#specials.read(source);
  }
}

export function finiteOnly(value: number): number {
  if (!Number.isFinite(value)) throw outOfRange("value out of range: overflow");
  return value;
}

export function doubleBytes(value: number): Buffer {
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
