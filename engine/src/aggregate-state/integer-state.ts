import { finiteDecimal } from "@freshet/values";
import type { Codec } from "@freshet/values";
import { outOfRange } from "../expression/evaluation-error.ts";
import { divideDecimals } from "../expression/numeric/arithmetic.ts";
import type { Accumulator } from "./accumulator.ts";
import type { StateReader, StateWriter } from "./state-bytes.ts";
import { type Sum, sumAccumulator } from "./sum-state.ts";

const TWO_32 = 0x1_0000_0000;

export type IntegerWidth = 2 | 4 | 8;

/** The exact sum and count of integers. The sum is a number while that is exact, a bigint beyond. */
export class IntegerSum implements Sum {
  readonly #width: IntegerWidth;
  count = 0;
  #low = 0;
  #high = 0n;

  constructor(width: IntegerWidth) {
    this.#width = width;
  }

  /** The sum as a number; undefined when it is not exact as one. */
  get small(): number | undefined {
    return this.#high === 0n ? this.#low : undefined;
  }

  get total(): bigint {
    return this.#high + BigInt(this.#low);
  }

  add(bytes: Buffer, weight: number): void {
    this.count += weight;
    const product = this.#read(bytes) * weight;
    const sum = this.#low + product;
    if (Number.isSafeInteger(product) && Number.isSafeInteger(sum)) {
      this.#low = sum;
      return;
    }
    this.#high += this.#exact(bytes) * BigInt(weight) + BigInt(this.#low);
    this.#low = 0;
    this.#normalize();
  }

  #read(bytes: Buffer): number {
    if (this.#width === 4) return bytes.readInt32BE(0);
    if (this.#width === 2) return bytes.readInt16BE(0);
    const high = bytes.readInt32BE(0);
    // Beyond 2^53 the number is not exact: NaN sends the caller to the bigint.
    if (high > 0x1fffff || high < -0x200000) return NaN;
    return high * TWO_32 + bytes.readUInt32BE(4);
  }

  #exact(bytes: Buffer): bigint {
    return this.#width === 8 ? bytes.readBigInt64BE(0) : BigInt(this.#read(bytes));
  }

  #normalize(): void {
    const low = Number(this.#high);
    if (!Number.isSafeInteger(low)) return;
    this.#low = low;
    this.#high = 0n;
  }

  write(out: StateWriter): void {
    out.integer(this.count);
    out.integer(this.#high === 0n ? this.#low : this.total);
  }

  read(source: StateReader): void {
    this.count = source.number();
    const sum = source.integer();
    if (typeof sum === "number") {
      this.#low = sum;
    } else {
      this.#high = sum;
      this.#normalize();
    }
  }
}

/** sum(int2) and sum(int4) are int8; sum(money) is money, whose bytes are an int8's. */
export function integerSumAccumulator(width: IntegerWidth): Accumulator {
  return sumAccumulator(
    () => new IntegerSum(width),
    (sum) => {
      const result = Buffer.allocUnsafe(8);
      const { small } = sum;
      if (small !== undefined) {
        result.writeInt32BE(Math.floor(small / TWO_32), 0);
        result.writeUInt32BE(small >>> 0, 4);
        return result;
      }
      const { total } = sum;
      if (total > 0x7fffffffffffffffn || total < -0x8000000000000000n) throw outOfRange("bigint out of range");
      result.writeBigInt64BE(total);
      return result;
    },
  );
}

/** sum(int8) is numeric. */
export function bigintSumAccumulator(numeric: Codec): Accumulator {
  return sumAccumulator(
    () => new IntegerSum(8),
    ({ total }) => numeric.encode(finiteDecimal(total, 0)),
  );
}

/** avg of integers is the numeric quotient of sum and count. */
export function integerAverageAccumulator(width: IntegerWidth, numeric: Codec): Accumulator {
  return sumAccumulator(
    () => new IntegerSum(width),
    ({ total, count }) => numeric.encode(divideDecimals(finiteDecimal(total, 0), finiteDecimal(BigInt(count), 0))),
  );
}
