import { intervalInfinity, readInterval } from "@freshet/values";
import { declined } from "../expression/evaluation-error.ts";
import { divideInterval, intervalValue } from "../expression/functions/interval-arithmetic.ts";
import type { Accumulator } from "./accumulator.ts";
import type { StateReader, StateWriter } from "./state-bytes.ts";
import { type Sum, sumAccumulator } from "./sum-state.ts";

/** The exact sums of each field of the finite intervals, and how many are not finite. */
export class IntervalSum implements Sum {
  count = 0;
  #infinite = 0;
  #months = 0n;
  #days = 0n;
  #micros = 0n;

  add(bytes: Buffer, weight: number): void {
    this.count += weight;
    const interval = readInterval(bytes);
    if (intervalInfinity(interval) !== 0) {
      this.#infinite += weight;
      return;
    }
    const times = BigInt(weight);
    this.#months += BigInt(interval.months) * times;
    this.#days += BigInt(interval.days) * times;
    this.#micros += interval.micros * times;
  }

  /** The sum; an error where a field does not fit. Before version 17 nothing is infinite; what looks so is left to PostgreSQL. */
  get value(): Buffer {
    if (this.#infinite !== 0) throw declined("a sum of infinite intervals");
    return intervalValue({ months: Number(this.#months), days: Number(this.#days), micros: this.#micros });
  }

  /** Throws where the sum does not fit. */
  check(): void {
    if (this.count !== 0)
      intervalValue({ months: Number(this.#months), days: Number(this.#days), micros: this.#micros });
  }

  write(out: StateWriter): void {
    for (const part of [this.count, this.#infinite, this.#months, this.#days, this.#micros]) out.integer(part);
  }

  read(source: StateReader): void {
    this.count = source.number();
    this.#infinite = source.number();
    this.#months = source.bigint();
    this.#days = source.bigint();
    this.#micros = source.bigint();
  }
}

export function intervalSumAccumulator(): Accumulator {
  return sumAccumulator(
    () => new IntervalSum(),
    (sum) => sum.value,
  );
}

/** The sum divided by the count as `interval / double precision` divides. */
export function intervalAverageAccumulator(): Accumulator {
  return sumAccumulator(
    () => new IntervalSum(),
    (sum) => divideInterval(sum.value, sum.count),
  );
}
