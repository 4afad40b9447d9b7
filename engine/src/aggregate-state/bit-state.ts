import type { Accumulator } from "./accumulator.ts";
import type { IntegerWidth } from "./integer-state.ts";
import type { StateReader, StateWriter } from "./state-bytes.ts";
import { type Sum, sumAccumulator } from "./sum-state.ts";

export type BitAggregate = "bit_and" | "bit_or" | "bit_xor";

/** How many values there are, and how many of them have each bit set, the most significant bit first. */
class BitCounts implements Sum {
  count = 0;
  readonly set: number[];

  constructor(width: IntegerWidth) {
    this.set = Array.from({ length: width * 8 }, () => 0);
  }

  add(bytes: Buffer, weight: number): void {
    this.count += weight;
    for (let bit = 0; bit < this.set.length; bit++) {
      if (isBitSet(bytes, bit)) this.set[bit] = (this.set[bit] as number) + weight;
    }
  }

  write(out: StateWriter): void {
    out.integer(this.count);
    for (const count of this.set) out.integer(count);
  }

  read(source: StateReader): void {
    this.count = source.number();
    for (let bit = 0; bit < this.set.length; bit++) this.set[bit] = source.number();
  }
}

/** The most significant bit of the first byte is bit 0. */
export function isBitSet(bytes: Buffer, bit: number): boolean {
  return ((bytes[bit >> 3] as number) & (0x80 >> (bit & 7))) !== 0;
}

export function setBit(bytes: Buffer, bit: number): void {
  bytes[bit >> 3] = (bytes[bit >> 3] as number) | (0x80 >> (bit & 7));
}

/** Whether a bit is set in the result. */
export const BIT_RULES: Readonly<Record<BitAggregate, (set: number, count: number) => boolean>> = {
  bit_and: (set, count) => set === count,
  bit_or: (set) => set > 0,
  bit_xor: (set) => set % 2 !== 0,
};

/** bit_and, bit_or and bit_xor of integers. */
export function bitAccumulator(name: BitAggregate, width: IntegerWidth): Accumulator {
  const rule = BIT_RULES[name];
  return sumAccumulator(
    () => new BitCounts(width),
    ({ set, count }) => {
      const result = Buffer.alloc(width);
      set.forEach((ones, bit) => {
        if (rule(ones, count)) setBit(result, bit);
      });
      return result;
    },
  );
}
