import { must } from "@freshet/base";
import { type Codec, KeyWriter, type RangeValue, type RangeValueBound, readRange, type Value } from "@freshet/values";

/**
 * Where a bound lies among the subtype's values: at a value (`offset` 0), just below (-1) or above it (1), or, without a key, beyond all values on the
 * side of the offset.
 */
export interface Position {
  readonly key: Buffer | null;
  readonly offset: -1 | 0 | 1;
}

export interface PositionedRange {
  readonly range: RangeValue;
  readonly lower: Position;
  readonly upper: Position;
}

export function comparePositions(a: Position, b: Position): number {
  if (a.key === null || b.key === null) {
    const outside = (position: Position): number => (position.key === null ? position.offset : 0);
    return outside(a) - outside(b);
  }
  return Buffer.compare(a.key, b.key) || a.offset - b.offset;
}

/** Reads ranges of one subtype. */
export class RangeReader {
  readonly #subtype: Codec;
  readonly #writer = new KeyWriter();

  constructor(subtype: Codec) {
    this.#subtype = subtype;
  }

  /** The range with its bounds' positions; null for the empty range. */
  read(bytes: Buffer): PositionedRange | null {
    const range = readRange(bytes);
    if (range === null) return null;
    const { lower, upper } = must(range, "malformed range");
    return { range: { lower, upper }, lower: this.#position(lower, 1), upper: this.#position(upper, -1) };
  }

  /** The position of a value of the subtype. */
  value(value: Value): Position {
    return { key: this.#keyOf(this.#subtype.encode(value)), offset: 0 };
  }

  #keyOf(value: Buffer): Buffer {
    this.#subtype.writeKey(value, this.#writer);
    return this.#writer.take();
  }

  /** `inward` is 1 for a lower bound, -1 for an upper one: to where an exclusive bound lies from its value. */
  #position({ value, inclusive }: RangeValueBound, inward: 1 | -1): Position {
    if (value === null) return { key: null, offset: inward > 0 ? -1 : 1 };
    return { key: this.#keyOf(value), offset: inclusive ? 0 : inward };
  }
}
