import { intervalInfinity, readInterval } from "@freshet/values";
import { divideInterval, intervalOutOfRange } from "../expression/functions/interval-arithmetic.ts";
import type { Accumulator } from "./accumulator.ts";
import { IntervalSum } from "./interval-state.ts";
import type { StateReader, StateWriter } from "./state-bytes.ts";
import { type Sum, sumAccumulator } from "./sum-state.ts";

const INFINITY = Buffer.from("7fffffffffffffff7fffffff7fffffff", "hex");
const MINUS_INFINITY = Buffer.from("80000000000000008000000080000000", "hex");

/** Sums since version 17: infinities of one sign are the sum, those of both an error. They are no part of the finite sum. */
class InfiniteIntervalSum implements Sum {
  readonly finite: IntervalSum = new IntervalSum();
  #positive = 0;
  #negative = 0;

  get count(): number {
    return this.finite.count + this.#positive + this.#negative;
  }

  add(bytes: Buffer, weight: number): void {
    const sign = intervalInfinity(readInterval(bytes));
    if (sign > 0) this.#positive += weight;
    else if (sign < 0) this.#negative += weight;
    else this.finite.add(bytes, weight);
  }

  /** The infinity that the sum is; null where it is that of the finite intervals. */
  infinity(): Buffer | null {
    if (this.#positive === 0 && this.#negative === 0) return null;
    // PostgreSQL adds up the finite ones all the same, and fails where they do not fit.
    this.finite.check();
    if (this.#positive !== 0 && this.#negative !== 0) throw intervalOutOfRange();
    return this.#positive !== 0 ? INFINITY : MINUS_INFINITY;
  }

  write(out: StateWriter): void {
    out.integer(this.#positive);
    out.integer(this.#negative);
    this.finite.write(out);
  }

  read(source: StateReader): void {
    this.#positive = source.number();
    this.#negative = source.number();
    this.finite.read(source);
  }
}

export function infiniteIntervalSumAccumulator(): Accumulator {
  return sumAccumulator(
    () => new InfiniteIntervalSum(),
    (sum) => sum.infinity() ?? sum.finite.value,
  );
}

/** The average is that of the finite intervals where there are no others. */
export function infiniteIntervalAverageAccumulator(): Accumulator {
  return sumAccumulator(
    () => new InfiniteIntervalSum(),
    (sum) => sum.infinity() ?? divideInterval(sum.finite.value, sum.finite.count),
  );
}
