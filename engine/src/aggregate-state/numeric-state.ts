import { DECIMAL_INFINITY, DECIMAL_NAN, DECIMAL_NEGATIVE_INFINITY, finiteDecimal, powerOfTen } from "@freshet/values";
import type { Codec, Decimal } from "@freshet/values";
import { divideDecimals } from "../expression/numeric/arithmetic.ts";
import type { Accumulator, AggregateState } from "./accumulator.ts";
import { SpecialCounts } from "./special-counts.ts";
import { StateReader, StateWriter } from "./state-bytes.ts";

const SPECIAL_DECIMALS = {
  nan: DECIMAL_NAN,
  infinity: DECIMAL_INFINITY,
  "-infinity": DECIMAL_NEGATIVE_INFINITY,
} as const;

/**
 * The exact sum of numerics. Its display scale is the largest among the values that are present, so
 * the values are counted by scale.
 */
export class NumericSum {
  readonly #scales = new Map<number, number>();
  readonly #specials = new SpecialCounts();
  #finiteCount = 0;
  /** The sum at `#scale` digits; #scale is at least every present value's. */
  #unscaled = 0n;
  #scale = 0;

  get count(): number {
    return this.#finiteCount + this.#specials.count;
  }

  add(value: Decimal, weight: number): void {
    if (value.kind !== "finite") {
      this.#specials.add(value.kind, weight);
      return;
    }
    this.#finiteCount += weight;
    const ofScale = (this.#scales.get(value.scale) ?? 0) + weight;
    if (ofScale === 0) this.#scales.delete(value.scale);
    else this.#scales.set(value.scale, ofScale);
    if (value.scale > this.#scale) {
      this.#unscaled *= powerOfTen(value.scale - this.#scale);
      this.#scale = value.scale;
    }
    const aligned = value.unscaled * powerOfTen(this.#scale - value.scale);
    this.#unscaled += weight === 1 ? aligned : weight === -1 ? -aligned : aligned * BigInt(weight);
  }

  get total(): Decimal {
    const special = this.#specials.verdict;
    if (special !== undefined) return SPECIAL_DECIMALS[special];
    this.#shrink();
    return finiteDecimal(this.#unscaled, this.#scale);
  }

  /**
   * Lowers the scale to that of the present values. While more was taken back than added, as between
   * the deltas of one commit, values of one scale can cancel out by number alone: then nothing is cut.
   */
  #shrink(): void {
    let scale = 0;
    for (const present of this.#scales.keys()) if (present > scale) scale = present;
    if (scale === this.#scale) return;
    const excess = powerOfTen(this.#scale - scale);
    if (this.#unscaled % excess !== 0n) return;
    this.#unscaled /= excess;
    this.#scale = scale;
  }

  write(out: StateWriter): void {
    this.#shrink();
    out.integer(this.#specials.isEmpty ? 0 : 1);
    if (!this.#specials.isEmpty) this.#specials.write(out);
    out.integer(this.#scale);
    out.integer(this.#unscaled);
    for (const [scale, count] of [...this.#scales].toSorted(([a], [b]) => a - b)) {
      out.integer(scale);
      out.integer(count);
    }
  }

  /** How many scales the present values have. */
  get scales(): number {
    return this.#scales.size;
  }

  /** `scales`: as many as it was written with; without it, the sum is all that is left to read. */
  read(source: StateReader, scales: number = Number.POSITIVE_INFINITY): void {
    if (source.number() === 1) this.#specials.read(source);
    this.#scale = source.number();
    this.#unscaled = source.bigint();
    for (let left = scales; left > 0 && !source.done; left--) {
      const scale = source.number();
      const count = source.number();
      this.#scales.set(scale, count);
      this.#finiteCount += count;
    }
  }
}

type Finish = (sum: NumericSum) => Decimal;

class NumericState implements AggregateState {
  readonly #sum: NumericSum;
  readonly #codec: Codec;
  readonly #finish: Finish;

  constructor(sum: NumericSum, codec: Codec, finish: Finish) {
    this.#sum = sum;
    this.#codec = codec;
    this.#finish = finish;
  }

  add(bytes: Buffer | null, weight: number): void {
    if (bytes !== null) this.#sum.add(this.#codec.decode(bytes) as Decimal, weight);
  }

  result(): Buffer | null {
    return this.#sum.count === 0 ? null : this.#codec.encode(this.#finish(this.#sum));
  }

  serialize(): Buffer {
    const out = new StateWriter();
    this.#sum.write(out);
    return out.take();
  }
}

function numericAccumulator(codec: Codec, finish: Finish): Accumulator {
  return {
    create: () => new NumericState(new NumericSum(), codec, finish),
    deserialize: (bytes) => {
      const sum = new NumericSum();
      sum.read(new StateReader(bytes));
      return new NumericState(sum, codec, finish);
    },
  };
}

export function numericSumAccumulator(codec: Codec): Accumulator {
  return numericAccumulator(codec, ({ total }) => total);
}

export function numericAverageAccumulator(codec: Codec): Accumulator {
  return numericAccumulator(codec, ({ total, count }) => divideDecimals(total, finiteDecimal(BigInt(count), 0)));
}
