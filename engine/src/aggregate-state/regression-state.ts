import { unpackRow } from "@freshet/values";
import type { Accumulator } from "./accumulator.ts";
import { DyadicSum } from "./dyadic-sum.ts";
import { coMoment, FloatVariable } from "./float-moments.ts";
import { doubleBytes } from "./float-state.ts";
import type { StateReader, StateWriter } from "./state-bytes.ts";
import { type Sum, sumAccumulator } from "./sum-state.ts";

/** PostgreSQL's names of the sums: N rows, Sx, Sy, and the sums of squared distances and of products of distances. */
interface Regression {
  readonly n: number;
  readonly sx: number;
  readonly sy: number;
  readonly sxx: number;
  readonly syy: number;
  readonly sxy: number;
}

export type RegressionAggregate =
  | "covar_pop"
  | "covar_samp"
  | "corr"
  | "regr_sxx"
  | "regr_syy"
  | "regr_sxy"
  | "regr_avgx"
  | "regr_avgy"
  | "regr_r2"
  | "regr_slope"
  | "regr_intercept";

/** Each aggregate's value over at least one pair, as PostgreSQL computes it from the sums; null for NULL. */
const RULES: Readonly<Record<RegressionAggregate, (sums: Regression) => number | null>> = {
  covar_pop: ({ sxy, n }) => sxy / n,
  covar_samp: ({ sxy, n }) => (n < 2 ? null : sxy / (n - 1)),
  corr: ({ sxx, syy, sxy }) => (sxx === 0 || syy === 0 ? null : sxy / Math.sqrt(sxx * syy)),
  regr_sxx: ({ sxx }) => sxx,
  regr_syy: ({ syy }) => syy,
  regr_sxy: ({ sxy }) => sxy,
  regr_avgx: ({ sx, n }) => sx / n,
  regr_avgy: ({ sy, n }) => sy / n,
  regr_r2: ({ sxx, syy, sxy }) => {
    if (sxx === 0) return null;
    return syy === 0 ? 1 : (sxy * sxy) / (sxx * syy);
  },
  regr_slope: ({ sxx, sxy }) => (sxx === 0 ? null : sxy / sxx),
  regr_intercept: ({ n, sx, sy, sxx, sxy }) => (sxx === 0 ? null : (sy - (sx * sxy) / sxx) / n),
};

const NAMES: ReadonlySet<string> = new Set(Object.keys(RULES));

export function isRegressionAggregate(name: string): name is RegressionAggregate {
  return NAMES.has(name);
}

/** The exact sums over pairs of doubles (y, x), which come as a packed row. */
class PairSums implements Sum {
  count = 0;
  readonly #x = new FloatVariable();
  readonly #y = new FloatVariable();
  readonly #products = new DyadicSum();

  add(bytes: Buffer, weight: number): void {
    const [y, x] = unpackRow(bytes);
    if (y === undefined || x === undefined || y === null || x === null) return;
    this.count += weight;
    const exactY = this.#y.add(y.readDoubleBE(0), weight);
    const exactX = this.#x.add(x.readDoubleBE(0), weight);
    if (exactY === undefined || exactX === undefined) return;
    this.#products.add(exactY.mantissa * exactX.mantissa * BigInt(weight), exactY.exponent + exactX.exponent);
  }

  /** The sums as doubles; what a NaN or an infinity takes part in is NaN. */
  get regression(): Regression {
    const isFinite = this.#x.specials.isEmpty && this.#y.specials.isEmpty;
    return {
      n: this.count,
      sx: this.#x.total,
      sy: this.#y.total,
      sxx: this.#x.squaredDistances(this.count),
      syy: this.#y.squaredDistances(this.count),
      sxy: isFinite ? coMoment(this.count, this.#products, this.#x.sum, this.#y.sum) : NaN,
    };
  }

  write(out: StateWriter): void {
    out.integer(this.count);
    this.#x.write(out);
    this.#y.write(out);
    this.#products.write(out);
  }

  read(source: StateReader): void {
    this.count = source.number();
    this.#x.read(source);
    this.#y.read(source);
    this.#products.read(source);
  }
}

/** covar_*, corr and regr_* but regr_count. */
export function regressionAccumulator(name: RegressionAggregate): Accumulator {
  const rule = RULES[name];
  return sumAccumulator(
    () => new PairSums(),
    (sums) => {
      const result = rule(sums.regression);
      return result === null ? null : doubleBytes(result);
    },
  );
}
