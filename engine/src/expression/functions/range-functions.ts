import type { RangeValueBound, Value } from "@freshet/values";
import {
  adjacent,
  contains,
  difference,
  intersection,
  type Operation,
  overlaps,
  span,
  union,
} from "./range-algebra.ts";
import { comparePositions, type PositionedRange, RangeReader } from "./range-positions.ts";
import type { FunctionBuilder, ScalarImplementation } from "./scalar-function.ts";

type Pair = (a: PositionedRange | null, b: PositionedRange | null, operation: Operation) => Value | null;

/** The builder of a function whose argument `at` is the range that its subtype is taken from. */
function overRange(make: (operation: Operation) => ScalarImplementation, at = 0): FunctionBuilder {
  return (argTypes, codecs) => {
    const codec = codecs.get(argTypes[at]?.typeOid ?? 0);
    const subtype = codec?.parts?.[0];
    if (codec?.hasEquality !== true || subtype === undefined) return undefined;
    return make({ subtype, reader: new RangeReader(subtype) });
  };
}

function ofPair(combine: Pair): FunctionBuilder {
  return overRange((operation) => (a: Buffer, b: Buffer) => {
    return combine(operation.reader.read(a), operation.reader.read(b), operation);
  });
}

/** Two ranges of which neither is empty; with an empty one the answer is no. */
function whereNotEmpty(test: (a: PositionedRange, b: PositionedRange, operation: Operation) => boolean): Pair {
  return (a, b, operation) => a !== null && b !== null && test(a, b, operation);
}

function holds(range: PositionedRange | null, value: Value, { reader }: Operation): boolean {
  if (range === null) return false;
  const position = reader.value(value);
  return comparePositions(range.lower, position) <= 0 && comparePositions(position, range.upper) <= 0;
}

/** What one range is by itself. */
function ofRange(describe: (range: PositionedRange | null, operation: Operation) => Value | null): FunctionBuilder {
  return overRange((operation) => (bytes: Buffer) => describe(operation.reader.read(bytes), operation));
}

function boundValue(bound: RangeValueBound | undefined, { subtype }: Operation): Value | null {
  return bound === undefined || bound.value === null ? null : subtype.decode(bound.value);
}

export const RANGE_FUNCTIONS: Readonly<Record<string, FunctionBuilder>> = {
  range_lower: ofRange((range, operation) => boundValue(range?.range.lower, operation)),
  range_upper: ofRange((range, operation) => boundValue(range?.range.upper, operation)),
  range_empty: ofRange((range) => range === null),
  range_lower_inc: ofRange((range) => range?.range.lower.inclusive ?? false),
  range_upper_inc: ofRange((range) => range?.range.upper.inclusive ?? false),
  range_lower_inf: ofRange((range) => range !== null && range.range.lower.value === null),
  range_upper_inf: ofRange((range) => range !== null && range.range.upper.value === null),
  range_contains_elem: overRange((operation) => (bytes: Buffer, value: Value) => {
    return holds(operation.reader.read(bytes), value, operation);
  }),
  elem_contained_by_range: overRange(
    (operation) => (value: Value, bytes: Buffer) => holds(operation.reader.read(bytes), value, operation),
    1,
  ),
  range_contains: ofPair(contains),
  range_contained_by: ofPair((a, b) => contains(b, a)),
  range_overlaps: ofPair(whereNotEmpty(overlaps)),
  range_before: ofPair(whereNotEmpty((a, b) => comparePositions(a.upper, b.lower) < 0)),
  range_after: ofPair(whereNotEmpty((a, b) => comparePositions(a.lower, b.upper) > 0)),
  range_overleft: ofPair(whereNotEmpty((a, b) => comparePositions(a.upper, b.upper) <= 0)),
  range_overright: ofPair(whereNotEmpty((a, b) => comparePositions(a.lower, b.lower) >= 0)),
  range_adjacent: ofPair(whereNotEmpty(adjacent)),
  range_union: ofPair(union),
  range_merge: ofPair(span),
  range_intersect: ofPair(intersection),
  range_minus: ofPair(difference),
};
