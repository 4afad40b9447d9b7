import { EvaluationError } from "../expression/evaluation-error.ts";
import type { Accumulator } from "./accumulator.ts";
import { BIT_RULES, type BitAggregate, isBitSet, setBit } from "./bit-state.ts";
import type { StateReader, StateWriter } from "./state-bytes.ts";
import { type Sum, sumAccumulator } from "./sum-state.ts";

const STRING_DATA_LENGTH_MISMATCH = "22026";
/** The number of bits comes first in the send format. */
const HEADER = 4;

/** How many bit strings of each length there are, and how many of all have each bit set. */
class BitStringCounts implements Sum {
  readonly lengths: Map<number, number> = new Map();
  readonly set: number[] = [];

  get count(): number {
    let sum = 0;
    for (const count of this.lengths.values()) sum += count;
    return sum;
  }

  add(bytes: Buffer, weight: number): void {
    const length = bytes.readInt32BE(0);
    const count = (this.lengths.get(length) ?? 0) + weight;
    if (count === 0) this.lengths.delete(length);
    else this.lengths.set(length, count);
    const bits = bytes.subarray(HEADER);
    for (let bit = 0; bit < length; bit++) {
      this.set[bit] = (this.set[bit] ?? 0) + (isBitSet(bits, bit) ? weight : 0);
    }
  }

  write(out: StateWriter): void {
    out.integer(this.lengths.size);
    for (const [length, count] of [...this.lengths].toSorted(([a], [b]) => a - b)) {
      out.integer(length);
      out.integer(count);
    }
    // Behind the longest string that is there nothing is set.
    const used = this.set.findLastIndex((count) => count !== 0) + 1;
    for (const count of this.set.slice(0, used)) out.integer(count);
  }

  read(source: StateReader): void {
    for (let left = source.number(); left > 0; left--) {
      const length = source.number();
      this.lengths.set(length, source.number());
    }
    while (!source.done) this.set.push(source.number());
  }
}

/** bit_and, bit_or and bit_xor of bit strings, which must be of one length. */
export function bitStringAccumulator(name: BitAggregate): Accumulator {
  const rule = BIT_RULES[name];
  return sumAccumulator(
    () => new BitStringCounts(),
    ({ lengths, set }) => {
      const [only, ...others] = lengths;
      if (only === undefined || others.length > 0)
        throw new EvaluationError(STRING_DATA_LENGTH_MISMATCH, "bit strings of different sizes cannot be combined");
      const [length, count] = only;
      const result = Buffer.alloc(HEADER + Math.ceil(length / 8));
      result.writeInt32BE(length, 0);
      const bits = result.subarray(HEADER);
      for (let bit = 0; bit < length; bit++) if (rule(set[bit] ?? 0, count)) setBit(bits, bit);
      return result;
    },
  );
}
