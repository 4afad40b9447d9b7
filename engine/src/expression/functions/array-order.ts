import { BUILTIN_TYPES, Oid, readArray, writeArray } from "@freshet/values";
import type { ArrayValue } from "@freshet/values";
import { must } from "@freshet/base";
import { declined, EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { type ElementType, elementTypeOf } from "./array-changes.ts";
import type { FunctionBuilder, NullableBuilder } from "./scalar-function.ts";

type Elements = ArrayValue["elements"];

/** The elements as the parts of the first dimension, which functions move as wholes. */
function partsOf({ dimensions, elements }: ArrayValue): readonly Elements[] {
  const count = must(dimensions[0]).length;
  const size = elements.length / count;
  return Array.from({ length: count }, (_unused, at) => elements.slice(at * size, (at + 1) * size));
}

/** Arrays of fewer than two parts stay as they are. */
function hasOneOrder({ dimensions }: ArrayValue): boolean {
  return dimensions.length === 0 || must(dimensions[0]).length < 2;
}

function reverse(type: ElementType, array: Buffer): Buffer {
  const value = type.read(array);
  if (hasOneOrder(value)) return array;
  return type.write({ dimensions: value.dimensions, elements: partsOf(value).toReversed().flat() });
}

function sort(type: ElementType, array: Buffer, descending: boolean, nullsFirst: boolean): Buffer {
  const value = type.read(array);
  if (hasOneOrder(value)) return array;
  if (value.dimensions.length > 1) throw declined("sorting an array of several dimensions");
  const items = value.elements.flatMap((bytes) => (bytes === null ? [] : [{ bytes, key: type.keyOf(bytes) }]));
  items.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const looksDifferent = items.some(
    ({ bytes, key }, at) => items[at - 1]?.key === key && !items[at - 1]?.bytes.equals(bytes),
  );
  if (looksDifferent) throw declined("sorting an array of equal elements that look different");
  const sorted = items.map(({ bytes }) => bytes);
  if (descending) sorted.reverse();
  const nulls = value.elements.filter((element) => element === null);
  return type.write({
    dimensions: value.dimensions,
    elements: nullsFirst ? [...nulls, ...sorted] : [...sorted, ...nulls],
  });
}

/** jsonb and what is made of other types may be ordered by the database's own collation. */
function sorting(make: (type: ElementType) => ReturnType<FunctionBuilder>): FunctionBuilder {
  return (argTypes, codecs) => {
    const type = elementTypeOf(argTypes[0], codecs);
    const isPlain = type !== undefined && type.codec.ordered && type.codec.parts === undefined;
    return isPlain && type.codec.oid !== Oid.jsonb ? make(type) : undefined;
  };
}

/** `array_reverse`, `array_sort`. */
export const ARRAY_ORDER: Readonly<Record<string, FunctionBuilder>> = {
  array_reverse: (argTypes, codecs) => {
    const type = elementTypeOf(argTypes[0], codecs);
    return type && ((array: Buffer) => reverse(type, array));
  },
  array_sort: sorting((type) => (array: Buffer) => sort(type, array, false, false)),
  array_sort_order: sorting(
    (type) => (array: Buffer, descending: boolean) => sort(type, array, descending, descending),
  ),
  array_sort_order_nulls_first: sorting((type) => (array: Buffer, descending: boolean, nullsFirst: boolean) => {
    return sort(type, array, descending, nullsFirst);
  }),
};

const MAX_DIMENSIONS = 6;
/** Arrays of more elements than this are left to PostgreSQL. */
const MAX_FILLED = 100_000;

const ARRAYS: ReadonlySet<number> = new Set(
  BUILTIN_TYPES.flatMap(({ elementOid, kind }) => (kind === "array" && elementOid !== undefined ? [elementOid] : [])),
);

function subscriptError(): EvaluationError {
  return new EvaluationError(EvaluationState.arraySubscriptError, "wrong number of array subscripts");
}

/** The integers of an argument that gives sizes or lower bounds. */
function integersOf(array: Buffer): readonly number[] {
  const { dimensions, elements } = must(readArray(array, Oid.int4), "malformed int4[]");
  if (dimensions.length > 1) throw subscriptError();
  return elements.map((element) => {
    if (element !== null) return element.readInt32BE(0);
    throw new EvaluationError(EvaluationState.nullValueNotAllowed, "dimension values cannot be null");
  });
}

function fill(elementOid: number, element: Buffer | null, sizes: readonly number[], lower: readonly number[]): Buffer {
  if (lower.length !== sizes.length) throw subscriptError();
  const total = sizes.length === 0 ? 0 : sizes.reduce((product, size) => product * size, 1);
  if (sizes.some((size) => size < 0) || total > MAX_FILLED) throw declined("filling an array of this size");
  if (lower.some((bound, at) => bound + must(sizes[at]) > 0x7fff_ffff)) throw declined("such bounds of an array");
  if (total === 0) return writeArray(elementOid, { dimensions: [], elements: [] });
  const dimensions = sizes.map((length, at) => ({ length, lowerBound: must(lower[at]) }));
  return writeArray(elementOid, { dimensions, elements: Array.from({ length: total }, () => element) });
}

const filler: NullableBuilder = (argTypes, codecs) => {
  const codec = codecs.get(argTypes[0]?.typeOid ?? 0);
  if (codec === undefined || !ARRAYS.has(codec.oid)) return undefined;
  return (value, sizes: Buffer | null, ...rest: readonly (Buffer | null)[]) => {
    const [lower] = rest;
    if (sizes === null || lower === null) {
      const message = "dimension array or low bound array cannot be null";
      throw new EvaluationError(EvaluationState.nullValueNotAllowed, message);
    }
    const lengths = integersOf(sizes);
    if (lengths.length > MAX_DIMENSIONS)
      throw new EvaluationError(EvaluationState.programLimitExceeded, "number of array dimensions exceeds the maximum");
    const bounds = lower === undefined ? lengths.map(() => 1) : integersOf(lower);
    return fill(codec.oid, value === null || value === undefined ? null : codec.encode(value), lengths, bounds);
  };
};

/** `array_fill`. */
export const ARRAY_FILL: Readonly<Record<string, NullableBuilder>> = {
  array_fill: filler,
  array_fill_with_lower_bounds: filler,
};
