import { must } from "@freshet/base";
import {
  type Codec,
  type CodecSet,
  type ColumnType,
  readMultirange,
  type Value,
  writeMultirange,
} from "@freshet/values";
import { declined } from "../evaluation-error.ts";
import { adjacent, difference, intersection, type Operation, overlaps, span } from "./range-algebra.ts";
import { comparePositions, type PositionedRange, RangeReader } from "./range-positions.ts";

/** The ranges of a multirange: none is empty, they are in order, and something lies between each two. */
export type Ranges = readonly PositionedRange[];

/** From so many on PostgreSQL's sort does not keep the order of equal ranges. */
const STABLE_SORT_BELOW = 7;

/** What functions need to work on ranges and multiranges of one subtype. */
export class MultirangeType {
  readonly operation: Operation;

  constructor(subtype: Codec) {
    this.operation = { subtype, reader: new RangeReader(subtype) };
  }

  /** The ranges of a range (one or none) or multirange. */
  read(bytes: Buffer, isMultirange: boolean): Ranges {
    const parts = isMultirange ? must(readMultirange(bytes), "malformed multirange") : [bytes];
    return parts.map((part) => this.operation.reader.read(part)).filter((range) => range !== null);
  }

  /** The multirange of all values in any of the ranges: they are put in order and merged where they meet. */
  normalize(parts: readonly Buffer[]): Buffer {
    const ranges = parts.flatMap((bytes) => {
      const range = this.operation.reader.read(bytes);
      return range === null ? [] : [{ bytes, range }];
    });
    ranges.sort((a, b) => compareRanges(a.range, b.range));
    if (ranges.length >= STABLE_SORT_BELOW && this.#hasLookalikes(ranges))
      throw declined("a multirange of many equal ranges that look different");
    const merged: Buffer[] = [];
    let last: PositionedRange | undefined;
    for (const { bytes, range } of ranges) {
      const meets = last !== undefined && (overlaps(last, range) || adjacent(last, range, this.operation));
      const next = meets && last !== undefined ? span(last, range, this.operation) : bytes;
      if (meets) merged.pop();
      merged.push(next);
      last = this.operation.reader.read(next) ?? undefined;
    }
    return writeMultirange(merged);
  }

  #hasLookalikes(sorted: readonly { readonly bytes: Buffer; readonly range: PositionedRange }[]): boolean {
    return sorted.some(({ bytes, range }, at) => {
      const before = sorted[at - 1];
      return before !== undefined && compareRanges(before.range, range) === 0 && !before.bytes.equals(bytes);
    });
  }

  /** The range of what two ranges have in common. */
  intersectRanges(a: Buffer, b: Buffer): Buffer {
    const { reader } = this.operation;
    return intersection(reader.read(a), reader.read(b), this.operation);
  }

  intersect(a: Ranges, b: Ranges): Buffer {
    return this.normalize(a.flatMap((left) => b.map((right) => intersection(left, right, this.operation))));
  }

  subtract(a: Ranges, b: Ranges): Buffer {
    const { reader } = this.operation;
    const without = (range: PositionedRange, removed: Ranges): Buffer[] => {
      let rest: PositionedRange = range;
      const left: Buffer[] = [];
      for (const other of removed) {
        const isBitten = comparePositions(rest.lower, other.lower) < 0 && comparePositions(rest.upper, other.upper) > 0;
        if (isBitten) left.push(this.#before(rest, other));
        const remains = reader.read(isBitten ? this.#behind(rest, other) : difference(rest, other, this.operation));
        if (remains === null) return left;
        rest = remains;
      }
      return [...left, difference(rest, null, this.operation)];
    };
    return this.normalize(a.flatMap((range) => without(range, b)));
  }

  /** What of a range lies before another that is within it. */
  #before(range: PositionedRange, other: PositionedRange): Buffer {
    const open = { ...range, range: { ...range.range, upper: other.range.upper }, upper: other.upper };
    return difference(open, other, this.operation);
  }

  #behind(range: PositionedRange, other: PositionedRange): Buffer {
    const open = { ...range, range: { ...range.range, lower: other.range.lower }, lower: other.lower };
    return difference(open, other, this.operation);
  }

  /** Where a value of the subtype lies. */
  holds(ranges: Ranges, value: Value): boolean {
    const position = this.operation.reader.value(value);
    return ranges.some(
      ({ lower, upper }) => comparePositions(lower, position) <= 0 && comparePositions(position, upper) <= 0,
    );
  }
}

function compareRanges(a: PositionedRange, b: PositionedRange): number {
  return comparePositions(a.lower, b.lower) || comparePositions(a.upper, b.upper);
}

/** The type of a range or multirange argument; undefined for other types and those without a known order. */
export function multirangeTypeOf(
  type: ColumnType | undefined,
  codecs: CodecSet,
  isMultirange: boolean,
): MultirangeType | undefined {
  const codec = codecs.get(type?.typeOid ?? 0);
  const range = isMultirange ? codec?.parts?.[0] : codec;
  const subtype = range?.parts?.[0];
  return range?.hasEquality !== true || subtype === undefined ? undefined : new MultirangeType(subtype);
}
