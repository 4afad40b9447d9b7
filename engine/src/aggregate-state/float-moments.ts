import type { Accumulator } from "./accumulator.ts";
import { DOUBLE, roundRatio } from "./binary-fraction.ts";
import { type Dyadic, dyadicOf, DyadicSum } from "./dyadic-sum.ts";
import { doubleBytes, finiteOnly, type FloatWidth, SPECIAL_FLOATS } from "./float-state.ts";
import type { DeviationAggregate } from "./numeric-moments.ts";
import { SpecialCounts } from "./special-counts.ts";
import type { StateReader, StateWriter } from "./state-bytes.ts";
import { type Sum, sumAccumulator } from "./sum-state.ts";

/** The exact sum of one variable's values, and how many of them are NaN or infinite. */
export class FloatVariable {
  readonly specials: SpecialCounts = new SpecialCounts();
  readonly sum: DyadicSum = new DyadicSum();
  readonly squares: DyadicSum = new DyadicSum();

  /** The value as an exact number; undefined when it is none. */
  add(value: number, weight: number): Dyadic | undefined {
    if (!Number.isFinite(value)) {
      this.specials.add(Number.isNaN(value) ? "nan" : value > 0 ? "infinity" : "-infinity", weight);
      return undefined;
    }
    const exact = dyadicOf(value);
    this.sum.add(exact.mantissa * BigInt(weight), exact.exponent);
    this.squares.add(exact.mantissa * exact.mantissa * BigInt(weight), exact.exponent * 2);
    return exact;
  }

  /** The sum as a double. */
  get total(): number {
    const special = this.specials.verdict;
    if (special !== undefined) return SPECIAL_FLOATS[special];
    return finiteOnly(roundRatio(this.sum.mantissa, 1n, this.sum.exponent, DOUBLE));
  }

  /**
   * The sum of the squared distances from the mean of `count` values, as a double. Like PostgreSQL it fails where
   * the plain sum overflows, which it is computed from.
   */
  squaredDistances(count: number): number {
    return Number.isFinite(this.total) ? coMoment(count, this.squares, this.sum, this.sum) : NaN;
  }

  write(out: StateWriter): void {
    this.specials.write(out);
    this.sum.write(out);
    this.squares.write(out);
  }

  read(source: StateReader): void {
    this.specials.read(source);
    this.sum.read(source);
    this.squares.read(source);
  }
}

/**
 * The sum of (x - mean x)(y - mean y) = sum of xy - (sum of x)(sum of y) / count: computed exactly and rounded
 * once. PostgreSQL's own value comes from as many roundings as there are rows, in their order.
 */
export function coMoment(count: number, products: DyadicSum, first: DyadicSum, second: DyadicSum): number {
  if (count === 0) return 0;
  const rows = BigInt(count);
  const difference = new DyadicSum();
  difference.add(products.mantissa * rows, products.exponent);
  difference.add(-first.mantissa * second.mantissa, first.exponent + second.exponent);
  return finiteOnly(roundRatio(difference.mantissa, rows, difference.exponent, DOUBLE));
}

class FloatMoments implements Sum {
  readonly #width: FloatWidth;
  readonly variable: FloatVariable = new FloatVariable();
  count = 0;

  constructor(width: FloatWidth) {
    this.#width = width;
  }

  add(bytes: Buffer, weight: number): void {
    this.count += weight;
    this.variable.add(this.#width === 8 ? bytes.readDoubleBE(0) : bytes.readFloatBE(0), weight);
  }

  write(out: StateWriter): void {
    out.integer(this.count);
    this.variable.write(out);
  }

  read(source: StateReader): void {
    this.count = source.number();
    this.variable.read(source);
  }
}

/** stddev and variance of floats, as doubles. */
export function floatDeviationAccumulator(name: DeviationAggregate, width: FloatWidth): Accumulator {
  const isSample = name.endsWith("_samp");
  return sumAccumulator(
    () => new FloatMoments(width),
    ({ count, variable }) => {
      if (isSample && count <= 1) return null;
      const variance = variable.squaredDistances(count) / (isSample ? count - 1 : count);
      return doubleBytes(name.startsWith("var") ? variance : Math.sqrt(variance));
    },
  );
}
