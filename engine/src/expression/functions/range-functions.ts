import {
  type Codec,
  normalizeRange,
  type RangeValue,
  type RangeValueBound,
  type Value,
  writeRange,
} from "@freshet/values";
import { EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { comparePositions, type PositionedRange, RangeReader } from "./range-positions.ts";
import type { FunctionBuilder, ScalarImplementation } from "./scalar-function.ts";

function dataException(message: string): EvaluationError {
  return new EvaluationError(EvaluationState.dataException, message);
}

/** A range operation over one subtype. */
interface Operation {
  readonly subtype: Codec;
  readonly reader: RangeReader;
}

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

function contains(a: PositionedRange | null, b: PositionedRange | null): boolean {
  if (b === null) return true;
  return a !== null && comparePositions(a.lower, b.lower) <= 0 && comparePositions(a.upper, b.upper) >= 0;
}

function overlaps(a: PositionedRange, b: PositionedRange): boolean {
  return comparePositions(a.lower, b.upper) <= 0 && comparePositions(b.lower, a.upper) <= 0;
}

function flipped(bound: RangeValueBound): RangeValueBound {
  return { value: bound.value, inclusive: !bound.inclusive };
}

/** Whether nothing lies between an upper and a lower bound, which do not overlap. */
function touch(upper: RangeValueBound, lower: RangeValueBound, { subtype }: Operation): boolean {
  if (upper.value === null || lower.value === null) return false;
  const between = normalizeRange({ lower: flipped(upper), upper: flipped(lower) }, subtype);
  if (between !== null) return false;
  // At one value, exactly one of the two bounds must have it.
  const sameValue = normalizeRange(
    { lower: { value: upper.value, inclusive: true }, upper: { value: lower.value, inclusive: true } },
    subtype,
  );
  const reversed = normalizeRange(
    { lower: { value: lower.value, inclusive: true }, upper: { value: upper.value, inclusive: true } },
    subtype,
  );
  return sameValue === undefined || reversed === undefined || upper.inclusive !== lower.inclusive;
}

function adjacent(a: PositionedRange, b: PositionedRange, operation: Operation): boolean {
  return touch(a.range.upper, b.range.lower, operation) || touch(b.range.upper, a.range.lower, operation);
}

function bytesOf(range: PositionedRange | null): Buffer {
  return writeRange(range?.range ?? null);
}

/** The range between two bounds as PostgreSQL keeps it. */
function made(range: RangeValue, { subtype }: Operation): Buffer {
  const normal = normalizeRange(range, subtype);
  if (normal === undefined) throw dataException("range lower bound must be less than or equal to range upper bound");
  return writeRange(normal);
}

/** Of equal bounds, which may show another scale, a span takes the second range's. */
function lowest(a: PositionedRange, b: PositionedRange): RangeValueBound {
  return (comparePositions(a.lower, b.lower) < 0 ? a : b).range.lower;
}

function highest(a: PositionedRange, b: PositionedRange): RangeValueBound {
  return (comparePositions(a.upper, b.upper) > 0 ? a : b).range.upper;
}

/** The smallest range that holds both. */
function span(a: PositionedRange | null, b: PositionedRange | null, operation: Operation): Buffer {
  if (a === null || b === null) return bytesOf(a ?? b);
  return made({ lower: lowest(a, b), upper: highest(a, b) }, operation);
}

function union(a: PositionedRange | null, b: PositionedRange | null, operation: Operation): Buffer {
  if (a !== null && b !== null && !overlaps(a, b) && !adjacent(a, b, operation))
    throw dataException("result of range union would not be contiguous");
  return span(a, b, operation);
}

function intersection(a: PositionedRange | null, b: PositionedRange | null, operation: Operation): Buffer {
  if (a === null || b === null || !overlaps(a, b)) return writeRange(null);
  const lower = (comparePositions(a.lower, b.lower) >= 0 ? a : b).range.lower;
  const upper = (comparePositions(a.upper, b.upper) <= 0 ? a : b).range.upper;
  return made({ lower, upper }, operation);
}

function difference(a: PositionedRange | null, b: PositionedRange | null, operation: Operation): Buffer {
  if (a === null || b === null) return bytesOf(a);
  const [beginsBefore, endsBehind] = [comparePositions(a.lower, b.lower) < 0, comparePositions(a.upper, b.upper) > 0];
  if (beginsBefore && endsBehind) throw dataException("result of range difference would not be contiguous");
  if (!overlaps(a, b)) return bytesOf(a);
  if (beginsBefore) return made({ lower: a.range.lower, upper: flipped(b.range.lower) }, operation);
  if (endsBehind) return made({ lower: flipped(b.range.upper), upper: a.range.upper }, operation);
  return writeRange(null);
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
