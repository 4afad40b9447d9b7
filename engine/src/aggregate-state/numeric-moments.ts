import { DECIMAL_NAN, finiteDecimal } from "@freshet/values";
import type { Codec, Decimal } from "@freshet/values";
import { divideDecimals, multiplyDecimals, subtractDecimals } from "../expression/numeric/arithmetic.ts";
import { squareRootAt } from "../expression/numeric/transcendental.ts";
import type { Accumulator } from "./accumulator.ts";
import { NumericSum } from "./numeric-state.ts";
import type { StateReader, StateWriter } from "./state-bytes.ts";
import { type Sum, sumAccumulator } from "./sum-state.ts";

export type DeviationAggregate = "var_pop" | "var_samp" | "stddev_pop" | "stddev_samp";

/** Reads an argument as an exact decimal. */
type ReadDecimal = (bytes: Buffer) => Decimal;

/** The exact sums of values and of their squares. */
class NumericMoments implements Sum {
  readonly values = new NumericSum();
  readonly squares = new NumericSum();
  readonly #read: ReadDecimal;

  constructor(read: ReadDecimal) {
    this.#read = read;
  }

  get count(): number {
    return this.values.count;
  }

  add(bytes: Buffer, weight: number): void {
    const value = this.#read(bytes);
    this.values.add(value, weight);
    // NaN and infinities decide the result without a square.
    if (value.kind === "finite")
      this.squares.add(finiteDecimal(value.unscaled * value.unscaled, value.scale * 2), weight);
  }

  write(out: StateWriter): void {
    out.integer(this.values.scales);
    this.values.write(out);
    this.squares.write(out);
  }

  read(source: StateReader): void {
    this.values.read(source, source.number());
    this.squares.read(source);
  }
}

/** The variance or its root, with the scale that numeric_stddev_internal gives it; undefined for NULL. */
function deviation(name: DeviationAggregate, { count, values, squares }: NumericMoments): Decimal | undefined {
  const isSample = name.endsWith("_samp");
  if (isSample && count <= 1) return undefined;
  const sum = values.total;
  if (sum.kind !== "finite") return DECIMAL_NAN;
  const rows = BigInt(count);
  const square = multiplyDecimals(finiteDecimal(rows, 0), squares.total);
  const numerator = subtractDecimals(square, finiteDecimal(sum.unscaled * sum.unscaled, sum.scale * 2));
  if (numerator.unscaled <= 0n) return finiteDecimal(0n, 0);
  const variance = divideDecimals(numerator, finiteDecimal(rows * (isSample ? rows - 1n : rows), 0));
  return name.startsWith("var") ? variance : squareRootAt(variance, variance.scale);
}

/** stddev and variance of integers and numerics. */
export function deviationAccumulator(name: DeviationAggregate, read: ReadDecimal, numeric: Codec): Accumulator {
  return sumAccumulator(
    () => new NumericMoments(read),
    (moments) => {
      const result = deviation(name, moments);
      return result === undefined ? null : numeric.encode(result);
    },
  );
}
