import { arrayOf, Oid } from "@freshet/values";
import { EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { type ElementType, elementTypeOf, unsupportedDimensions } from "./array-changes.ts";
import type { FunctionBuilder, NullableBuilder, ScalarImplementation } from "./scalar-function.ts";

/** Subscripts, from `start` on, at which the element stands. */
function* subscripts(
  type: ElementType,
  array: Buffer,
  element: Buffer | null,
  start: number | null,
): Generator<number, void> {
  const { dimensions, elements } = type.read(array);
  if (dimensions.length > 1) throw unsupportedDimensions("searching for elements in multidimensional arrays");
  const lower = dimensions[0]?.lowerBound ?? 1;
  for (let index = Math.max((start ?? lower) - lower, 0); index < elements.length; index++) {
    if (type.same(elements[index] ?? null, element)) yield lower + index;
  }
}

function firstOf(found: Generator<number, void>): number | null {
  const { value } = found.next();
  return value ?? null;
}

function int4Array(items: readonly number[]): Buffer {
  return arrayOf(
    Oid.int4,
    items.map((item) => {
      const bytes = Buffer.allocUnsafe(4);
      bytes.writeInt32BE(item);
      return bytes;
    }),
  );
}

/** Makes a builder of a search in the array that is the first argument. */
function search(make: (type: ElementType) => ReturnType<NullableBuilder>): NullableBuilder {
  return (argTypes, codecs) => {
    const type = elementTypeOf(argTypes[0], codecs);
    return type === undefined ? undefined : make(type);
  };
}

export const ARRAY_SEARCH: Readonly<Record<string, NullableBuilder>> = {
  array_position: search((type) => (array: Buffer | null, element) => {
    if (array === null) return null;
    return firstOf(subscripts(type, array, element === null ? null : type.codec.encode(element), null));
  }),
  array_position_start: search((type) => (array: Buffer | null, element, start: number | null) => {
    if (array === null) return null;
    if (start === null && type.read(array).dimensions.length === 1) {
      throw new EvaluationError(EvaluationState.nullValueNotAllowed, "initial position must not be null", true);
    }
    return firstOf(subscripts(type, array, element === null ? null : type.codec.encode(element), start));
  }),
  array_positions: search((type) => (array: Buffer | null, element) => {
    if (array === null) return null;
    return int4Array([...subscripts(type, array, element === null ? null : type.codec.encode(element), null)]);
  }),
};

function keysOf(type: ElementType, array: Buffer): Set<string | null> {
  return new Set(type.read(array).elements.map((element) => (element === null ? null : type.keyOf(element))));
}

/** Every element of `part` is in `whole`; a NULL is in nothing. */
function contains(type: ElementType, whole: Buffer, part: Buffer): boolean {
  const keys = keysOf(type, whole);
  return [...keysOf(type, part)].every((key) => key !== null && keys.has(key));
}

function overlaps(type: ElementType, a: Buffer, b: Buffer): boolean {
  const keys = keysOf(type, a);
  return [...keysOf(type, b)].some((key) => key !== null && keys.has(key));
}

function onTwo(make: (type: ElementType) => ScalarImplementation): FunctionBuilder {
  return (argTypes, codecs) => {
    const type = elementTypeOf(argTypes[0], codecs);
    return type === undefined ? undefined : make(type);
  };
}

/** `@>`, `<@` and `&&` of arrays, whatever their dimensions. */
export const ARRAY_SETS: Readonly<Record<string, FunctionBuilder>> = {
  arraycontains: onTwo((type) => (a: Buffer, b: Buffer) => contains(type, a, b)),
  arraycontained: onTwo((type) => (a: Buffer, b: Buffer) => contains(type, b, a)),
  arrayoverlap: onTwo((type) => (a: Buffer, b: Buffer) => overlaps(type, a, b)),
};
