import { type Codec, normalizeRange, type RangeValue, type RangeValueBound, writeRange } from "@freshet/values";
import { EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { comparePositions, type PositionedRange, type RangeReader } from "./range-positions.ts";

export function dataException(message: string): EvaluationError {
  return new EvaluationError(EvaluationState.dataException, message);
}

/** A range operation over one subtype. */
export interface Operation {
  readonly subtype: Codec;
  readonly reader: RangeReader;
}

export function contains(a: PositionedRange | null, b: PositionedRange | null): boolean {
  if (b === null) return true;
  return a !== null && comparePositions(a.lower, b.lower) <= 0 && comparePositions(a.upper, b.upper) >= 0;
}

export function overlaps(a: PositionedRange, b: PositionedRange): boolean {
  return comparePositions(a.lower, b.upper) <= 0 && comparePositions(b.lower, a.upper) <= 0;
}

function flipped(bound: RangeValueBound): RangeValueBound {
  return { value: bound.value, inclusive: !bound.inclusive };
}

/** Whether nothing lies between an upper and a lower bound, which do not overlap. */
export function touch(upper: RangeValueBound, lower: RangeValueBound, { subtype }: Operation): boolean {
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

export function adjacent(a: PositionedRange, b: PositionedRange, operation: Operation): boolean {
  return touch(a.range.upper, b.range.lower, operation) || touch(b.range.upper, a.range.lower, operation);
}

function bytesOf(range: PositionedRange | null): Buffer {
  return writeRange(range?.range ?? null);
}

/** The range between two bounds as PostgreSQL keeps it. */
export function made(range: RangeValue, { subtype }: Operation): Buffer {
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
export function span(a: PositionedRange | null, b: PositionedRange | null, operation: Operation): Buffer {
  if (a === null || b === null) return bytesOf(a ?? b);
  return made({ lower: lowest(a, b), upper: highest(a, b) }, operation);
}

export function union(a: PositionedRange | null, b: PositionedRange | null, operation: Operation): Buffer {
  if (a !== null && b !== null && !overlaps(a, b) && !adjacent(a, b, operation))
    throw dataException("result of range union would not be contiguous");
  return span(a, b, operation);
}

export function intersection(a: PositionedRange | null, b: PositionedRange | null, operation: Operation): Buffer {
  if (a === null || b === null || !overlaps(a, b)) return writeRange(null);
  const lower = (comparePositions(a.lower, b.lower) >= 0 ? a : b).range.lower;
  const upper = (comparePositions(a.upper, b.upper) <= 0 ? a : b).range.upper;
  return made({ lower, upper }, operation);
}

export function difference(a: PositionedRange | null, b: PositionedRange | null, operation: Operation): Buffer {
  if (a === null || b === null) return bytesOf(a);
  const [beginsBefore, endsBehind] = [comparePositions(a.lower, b.lower) < 0, comparePositions(a.upper, b.upper) > 0];
  if (beginsBefore && endsBehind) throw dataException("result of range difference would not be contiguous");
  if (!overlaps(a, b)) return bytesOf(a);
  if (beginsBefore) return made({ lower: a.range.lower, upper: flipped(b.range.lower) }, operation);
  if (endsBehind) return made({ lower: flipped(b.range.upper), upper: a.range.upper }, operation);
  return writeRange(null);
}
