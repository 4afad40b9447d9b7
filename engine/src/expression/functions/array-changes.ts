import { type ArrayValue, BUILTIN_TYPES, KeyWriter, readArray, writeArray } from "@freshet/values";
import type { Codec, CodecSet, ColumnType } from "@freshet/values";
import { must } from "@freshet/base";
import { EvaluationError, EvaluationState } from "../evaluation-error.ts";
import type { FunctionBuilder, NullableBuilder } from "./scalar-function.ts";

const ELEMENT_OIDS: ReadonlyMap<number, number> = new Map(
  BUILTIN_TYPES.flatMap(({ oid, elementOid }) => (elementOid === undefined ? [] : [[oid, elementOid] as const])),
);

type Elements = ArrayValue["elements"];

/** What array functions need of the element type. */
export interface ElementType {
  readonly codec: Codec;
  read(array: Buffer): ArrayValue;
  write(value: ArrayValue, hasNullFlag?: boolean): Buffer;
  /** Equality of two elements as IS NOT DISTINCT FROM has it. */
  same(a: Buffer | null, b: Buffer | null): boolean;
  /** A form of an element under which equal ones are the same string. */
  keyOf(element: Buffer): string;
}

/** The element type of an array type; undefined where it has no equality or no codec. */
export function elementTypeOf(array: ColumnType | undefined, codecs: CodecSet): ElementType | undefined {
  const codec = codecs.get(ELEMENT_OIDS.get(array?.typeOid ?? 0) ?? 0);
  if (codec === undefined || !codec.hasEquality) return undefined;
  const writer = new KeyWriter();
  const keyOf = (element: Buffer): string => {
    codec.writeKey(element, writer);
    return writer.take().toString("latin1");
  };
  return {
    codec,
    keyOf,
    read: (bytes) => must(readArray(bytes, codec.oid), "malformed array"),
    write(value, hasNullFlag = false) {
      const bytes = writeArray(codec.oid, value);
      if (hasNullFlag && value.dimensions.length > 0) bytes.writeInt32BE(1, 4);
      return bytes;
    },
    same: (a, b) => (a === null || b === null ? a === b : keyOf(a) === keyOf(b)),
  };
}

/** Whether the array was stored with a map of NULLs, which outlives them. */
export function hasNullFlag(array: Buffer): boolean {
  return array.readInt32BE(4) !== 0;
}

function subscriptError(message: string): EvaluationError {
  return new EvaluationError(EvaluationState.arraySubscriptError, message);
}

function incompatible(): EvaluationError {
  return subscriptError("cannot concatenate incompatible arrays");
}

export function unsupportedDimensions(what: string): EvaluationError {
  return new EvaluationError(EvaluationState.featureNotSupported, `${what} is not supported`);
}

function oneDimension(elements: Elements, lowerBound: number): ArrayValue {
  return elements.length === 0
    ? { dimensions: [], elements }
    : { dimensions: [{ length: elements.length, lowerBound }], elements };
}

/** `array || element` and `element || array`. */
function extend(type: ElementType, array: Buffer | null, element: Buffer | null, atEnd: boolean): Buffer {
  const value = array === null ? { dimensions: [], elements: [] } : type.read(array);
  if (value.dimensions.length > 1) {
    throw new EvaluationError(EvaluationState.dataException, "argument must be empty or one-dimensional array");
  }
  const elements = atEnd ? [...value.elements, element] : [element, ...value.elements];
  const flag = array !== null && hasNullFlag(array);
  return type.write(oneDimension(elements, value.dimensions[0]?.lowerBound ?? 1), flag);
}

function sameDimension(a: ArrayValue["dimensions"][number], b: ArrayValue["dimensions"][number] | undefined): boolean {
  return a.length === b?.length && a.lowerBound === b.lowerBound;
}

/** `array || array`: of equal depth along the first dimension; one level less deep is one more element. */
function concatenate(type: ElementType, left: Buffer | null, right: Buffer | null): Buffer | null {
  if (left === null || right === null) return left ?? right;
  const [a, b] = [type.read(left), type.read(right)];
  const [firstA, firstB] = [a.dimensions[0], b.dimensions[0]];
  if (firstA === undefined) return right;
  if (firstB === undefined) return left;
  const depth = a.dimensions.length - b.dimensions.length;
  if (Math.abs(depth) > 1) throw incompatible();
  const restA = depth < 0 ? a.dimensions : a.dimensions.slice(1);
  const restB = depth > 0 ? b.dimensions : b.dimensions.slice(1);
  if (!restA.every((dimension, index) => sameDimension(dimension, restB[index]))) throw incompatible();
  const outer = depth < 0 ? firstB : firstA;
  const length = (depth < 0 ? 1 : firstA.length) + (depth > 0 ? 1 : firstB.length);
  const dimensions = [{ length, lowerBound: outer.lowerBound }, ...restA];
  return type.write({ dimensions, elements: [...a.elements, ...b.elements] }, hasNullFlag(left) || hasNullFlag(right));
}

function remove(type: ElementType, array: Buffer | null, search: Buffer | null): Buffer | null {
  if (array === null) return null;
  const value = type.read(array);
  if (value.dimensions.length > 1) throw unsupportedDimensions("removing elements from multidimensional arrays");
  const kept = value.elements.filter((element) => !type.same(element, search));
  if (kept.length === value.elements.length) return array;
  return type.write(oneDimension(kept, value.dimensions[0]?.lowerBound ?? 1));
}

function replace(type: ElementType, array: Buffer | null, search: Buffer | null, to: Buffer | null): Buffer | null {
  if (array === null) return null;
  const value = type.read(array);
  if (!value.elements.some((element) => type.same(element, search))) return array;
  const elements = value.elements.map((element) => (type.same(element, search) ? to : element));
  return type.write({ dimensions: value.dimensions, elements });
}

/** Makes a builder of a function on the array type at `position`, whose other arguments are elements in send format. */
function onArray(position: number, make: (type: ElementType) => ReturnType<NullableBuilder>): NullableBuilder {
  return (argTypes, codecs) => {
    const type = elementTypeOf(argTypes[position], codecs);
    return type === undefined ? undefined : make(type);
  };
}

/** `ARRAY[…]`: all elements have the type of the first. */
export const ARRAY_CONSTRUCTOR: NullableBuilder = (argTypes, codecs) => {
  const codec = codecs.get(argTypes[0]?.typeOid ?? 0);
  if (codec === undefined) return undefined;
  return (...elements) => {
    const encoded = elements.map((element) => (element === null ? null : codec.encode(element)));
    return writeArray(codec.oid, oneDimension(encoded, 1));
  };
};

export const ARRAY_CHANGES: Readonly<Record<string, NullableBuilder>> = {
  array_append: onArray(0, (type) => (array: Buffer | null, element) => {
    return extend(type, array, element === null ? null : type.codec.encode(element), true);
  }),
  array_prepend: onArray(1, (type) => (element, array: Buffer | null) => {
    return extend(type, array, element === null ? null : type.codec.encode(element), false);
  }),
  array_cat: onArray(0, (type) => (left: Buffer | null, right: Buffer | null) => concatenate(type, left, right)),
  array_remove: onArray(0, (type) => (array: Buffer | null, search) => {
    return remove(type, array, search === null ? null : type.codec.encode(search));
  }),
  array_replace: onArray(0, (type) => (array: Buffer | null, search, to) => {
    const encoded = [search, to].map((item) => (item === null ? null : type.codec.encode(item)));
    return replace(type, array, encoded[0] ?? null, encoded[1] ?? null);
  }),
};

/** `trim_array`: the bounds of what is left begin at 1, as those of every slice. */
function trimArray(type: ElementType, array: Buffer, count: number): Buffer {
  const { dimensions, elements } = type.read(array);
  const [first, ...rest] = dimensions;
  const length = first?.length ?? 0;
  if (count < 0 || count > length) {
    throw subscriptError(`number of elements to trim must be between 0 and ${length}`);
  }
  if (count === length) return type.write({ dimensions: [], elements: [] });
  const kept = [{ length: length - count }, ...rest].map((dimension) => ({ length: dimension.length, lowerBound: 1 }));
  const size = (elements.length / length) * (length - count);
  return type.write({ dimensions: kept, elements: elements.slice(0, size) }, hasNullFlag(array));
}

export const TRIM_ARRAY: FunctionBuilder = (argTypes, codecs) => {
  const type = elementTypeOf(argTypes[0], codecs);
  return type === undefined ? undefined : (array: Buffer, count: number) => trimArray(type, array, count);
};
