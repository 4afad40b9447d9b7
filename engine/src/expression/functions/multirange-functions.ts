import { readArray, type Value, writeMultirange, writeRange } from "@freshet/values";
import { must } from "@freshet/base";
import { EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { type MultirangeType, multirangeTypeOf, type Ranges } from "./multirange-values.ts";
import { contains, made, overlaps, touch } from "./range-algebra.ts";
import { comparePositions } from "./range-positions.ts";
import type { FunctionBuilder } from "./scalar-function.ts";

/** Says something of two (multi)ranges of which neither is empty. */
type Relation = (a: Ranges, b: Ranges, type: MultirangeType) => boolean;

const RANGE = false;
const MULTIRANGE = true;

function builder(
  a: boolean,
  b: boolean,
  make: (left: Ranges, right: Ranges, type: MultirangeType) => Value,
): FunctionBuilder {
  return (argTypes, codecs) => {
    const type = multirangeTypeOf(argTypes[0], codecs, a);
    return type && ((left: Buffer, right: Buffer) => make(type.read(left, a), type.read(right, b), type));
  };
}

/** The three combinations in which at least one side is a multirange; with an empty side the answer is no. */
function relation(name: string, test: Relation): Readonly<Record<string, FunctionBuilder>> {
  const nonEmpty: Relation = (a, b, type) => a.length > 0 && b.length > 0 && test(a, b, type);
  return {
    [`range_${name}_multirange`]: builder(RANGE, MULTIRANGE, nonEmpty),
    [`multirange_${name}_range`]: builder(MULTIRANGE, RANGE, nonEmpty),
    [`multirange_${name}_multirange`]: builder(MULTIRANGE, MULTIRANGE, nonEmpty),
  };
}

const first = (ranges: Ranges) => must(ranges[0]);
const last = (ranges: Ranges) => must(ranges.at(-1));

const RELATIONS: Readonly<Record<string, FunctionBuilder>> = {
  ...relation("before", (a, b) => comparePositions(last(a).upper, first(b).lower) < 0),
  ...relation("after", (a, b) => comparePositions(first(a).lower, last(b).upper) > 0),
  ...relation("overleft", (a, b) => comparePositions(last(a).upper, last(b).upper) <= 0),
  ...relation("overright", (a, b) => comparePositions(first(a).lower, first(b).lower) >= 0),
  ...relation("overlaps", (a, b) => a.some((left) => b.some((right) => overlaps(left, right)))),
  ...relation("adjacent", (a, b, { operation }) => {
    return (
      touch(last(a).range.upper, first(b).range.lower, operation) ||
      touch(last(b).range.upper, first(a).range.lower, operation)
    );
  }),
};

/** Every range of `parts` lies within one of `whole`. */
function holdsAll(whole: Ranges, parts: Ranges): boolean {
  return parts.every((part) => whole.some((range) => contains(range, part)));
}

const CONTAINMENT: Readonly<Record<string, FunctionBuilder>> = {
  range_contains_multirange: builder(RANGE, MULTIRANGE, holdsAll),
  multirange_contains_range: builder(MULTIRANGE, RANGE, holdsAll),
  multirange_contains_multirange: builder(MULTIRANGE, MULTIRANGE, holdsAll),
  range_contained_by_multirange: builder(RANGE, MULTIRANGE, (a, b) => holdsAll(b, a)),
  multirange_contained_by_range: builder(MULTIRANGE, RANGE, (a, b) => holdsAll(b, a)),
  multirange_contained_by_multirange: builder(MULTIRANGE, MULTIRANGE, (a, b) => holdsAll(b, a)),
  multirange_contains_elem: (argTypes, codecs) => {
    const type = multirangeTypeOf(argTypes[0], codecs, MULTIRANGE);
    return type && ((bytes: Buffer, value: Value) => type.holds(type.read(bytes, MULTIRANGE), value));
  },
  elem_contained_by_multirange: (argTypes, codecs) => {
    const type = multirangeTypeOf(argTypes[1], codecs, MULTIRANGE);
    return type && ((value: Value, bytes: Buffer) => type.holds(type.read(bytes, MULTIRANGE), value));
  },
};

/** What one multirange is by itself. */
function describing(describe: (ranges: Ranges, type: MultirangeType) => Value | null): FunctionBuilder {
  return (argTypes, codecs) => {
    const type = multirangeTypeOf(argTypes[0], codecs, MULTIRANGE);
    return type && ((bytes: Buffer) => describe(type.read(bytes, MULTIRANGE), type));
  };
}

function boundValue(bound: Buffer | null | undefined, { operation }: MultirangeType): Value | null {
  return bound === null || bound === undefined ? null : operation.subtype.decode(bound);
}

const DESCRIPTIONS: Readonly<Record<string, FunctionBuilder>> = {
  multirange_empty: describing((ranges) => ranges.length === 0),
  multirange_lower: describing((ranges, type) => boundValue(ranges[0]?.range.lower.value, type)),
  multirange_upper: describing((ranges, type) => boundValue(ranges.at(-1)?.range.upper.value, type)),
  multirange_lower_inc: describing((ranges) => ranges[0]?.range.lower.inclusive ?? false),
  multirange_upper_inc: describing((ranges) => ranges.at(-1)?.range.upper.inclusive ?? false),
  multirange_lower_inf: describing((ranges) => ranges.length > 0 && first(ranges).range.lower.value === null),
  multirange_upper_inf: describing((ranges) => ranges.length > 0 && last(ranges).range.upper.value === null),
  range_merge_from_multirange: describing((ranges, { operation }) => {
    if (ranges.length === 0) return writeRange(null);
    return made({ lower: first(ranges).range.lower, upper: last(ranges).range.upper }, operation);
  }),
};

/** `int4multirange(range, …)`, which gets its ranges as an array. */
const fromArray: FunctionBuilder = (argTypes, codecs) => {
  const range = codecs.get(argTypes[0]?.typeOid ?? 0)?.parts?.[0];
  const type = range && multirangeTypeOf({ typeOid: range.oid, typmod: -1, collation: 0 }, codecs, RANGE);
  if (range === undefined || type === undefined) return undefined;
  return (array: Buffer) => {
    const { dimensions, elements } = must(readArray(array, range.oid), "malformed array");
    if (dimensions.length > 1) {
      const message = "multiranges cannot be constructed from multidimensional arrays";
      throw new EvaluationError(EvaluationState.cardinalityViolation, message);
    }
    const ranges = elements.filter((element) => element !== null);
    if (ranges.length === elements.length) return type.normalize(ranges);
    throw new EvaluationError(EvaluationState.nullValueNotAllowed, "multirange values cannot contain null members");
  };
};

export const MULTIRANGE_FUNCTIONS: Readonly<Record<string, FunctionBuilder>> = {
  ...RELATIONS,
  ...CONTAINMENT,
  ...DESCRIPTIONS,
  multirange_constructor0: () => () => writeMultirange([]),
  multirange_constructor1: (argTypes, codecs) => {
    const type = multirangeTypeOf(argTypes[0], codecs, RANGE);
    return type && ((range: Buffer) => type.normalize([range]));
  },
  multirange_constructor2: fromArray,
  multirange_union: builder(MULTIRANGE, MULTIRANGE, (a, b, type) => {
    return type.normalize([...a, ...b].map(({ range }) => writeRange(range)));
  }),
  multirange_intersect: builder(MULTIRANGE, MULTIRANGE, (a, b, type) => type.intersect(a, b)),
  multirange_minus: builder(MULTIRANGE, MULTIRANGE, (a, b, type) => type.subtract(a, b)),
};
