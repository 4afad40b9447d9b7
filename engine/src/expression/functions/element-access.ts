import { must } from "@freshet/base";
import { type ArrayValue, readArray, recordField, writeArray, writeRecord } from "@freshet/values";
import type { FunctionBuilder, NullableBuilder } from "./scalar-function.ts";

/** MAXDIM. */
const MAX_DIMENSIONS = 6;

type Dimensions = ArrayValue["dimensions"];

/** Where the element with these subscripts lies in row-major order; undefined when there is none. */
function offsetOf(dimensions: Dimensions, subscripts: readonly number[]): number | undefined {
  if (dimensions.length === 0 || dimensions.length !== subscripts.length) return undefined;
  let offset = 0;
  for (const [at, { length, lowerBound }] of dimensions.entries()) {
    const index = (subscripts[at] ?? 0) - lowerBound;
    if (index < 0 || index >= length) return undefined;
    offset = offset * length + index;
  }
  return offset;
}

/** `array[i][j]`: NULL outside the array and for another number of subscripts than it has dimensions. */
const element: FunctionBuilder = (argTypes, codecs) => {
  const codec = codecs.get(argTypes[0]?.typeOid ?? 0)?.parts?.[0];
  if (codec === undefined) return undefined;
  return (array: Buffer, ...subscripts: readonly number[]) => {
    const { dimensions, elements } = must(readArray(array, codec.oid), "malformed array");
    const offset = offsetOf(dimensions, subscripts);
    const found = offset === undefined ? null : (elements[offset] ?? null);
    return found === null ? null : codec.decode(found);
  };
};

/** First and last subscript of one dimension of a slice. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** The part of each dimension that the bounds leave; undefined when that is nothing. Dimensions without bounds are taken whole. */
function spansOf(dimensions: Dimensions, given: number, bounds: readonly number[]): readonly Span[] | undefined {
  const count = bounds.length / 2;
  if (dimensions.length === 0 || dimensions.length < count || count > MAX_DIMENSIONS) return undefined;
  const spans = dimensions.map(({ length, lowerBound }, at): Span => {
    const [first, last] = [lowerBound, lowerBound + length - 1];
    const from = (given & (1 << (2 * at))) === 0 ? first : Math.max(first, bounds[2 * at] ?? first);
    const to = (given & (2 << (2 * at))) === 0 ? last : Math.min(last, bounds[2 * at + 1] ?? last);
    return { from, to };
  });
  return spans.some(({ from, to }) => from > to) ? undefined : spans;
}

/** All subscripts within the spans, in row-major order. */
function* within(spans: readonly Span[]): Generator<readonly number[]> {
  const [first, ...rest] = spans;
  if (first === undefined) {
    yield [];
    return;
  }
  for (let index = first.from; index <= first.to; index++) for (const others of within(rest)) yield [index, ...others];
}

/** `array[a:b][c:d]`: what the array has between the bounds, counted from 1. */
const slice: FunctionBuilder = (argTypes, codecs) => {
  const codec = codecs.get(argTypes[0]?.typeOid ?? 0)?.parts?.[0];
  if (codec === undefined) return undefined;
  return (array: Buffer, given: number, ...bounds: readonly number[]) => {
    const { dimensions, elements } = must(readArray(array, codec.oid), "malformed array");
    const spans = spansOf(dimensions, given, bounds);
    if (spans === undefined) return writeArray(codec.oid, { dimensions: [], elements: [] });
    const kept = [...within(spans)].map((subscripts) => elements[must(offsetOf(dimensions, subscripts))] ?? null);
    const lengths = spans.map(({ from, to }) => ({ length: to - from + 1, lowerBound: 1 }));
    return writeArray(codec.oid, { dimensions: lengths, elements: kept });
  };
};

/** `(row).column`, the column by its position from 0. */
const field: FunctionBuilder = (argTypes, codecs) => {
  const fields = codecs.get(argTypes[0]?.typeOid ?? 0)?.parts;
  if (fields === undefined) return undefined;
  return (row: Buffer, position: number) => {
    const bytes = recordField(row, position);
    return bytes === null ? null : must(fields[position]).decode(bytes);
  };
};

/** `ROW(…)` of columns of these types. */
export const ROW_CONSTRUCTOR: NullableBuilder = (argTypes, codecs) => {
  const typeOids = argTypes.map((type) => type.typeOid);
  const columns = typeOids.map((oid) => codecs.get(oid));
  if (columns.includes(undefined)) return undefined;
  return (...values) => {
    const encoded = values.map((value, at) => (value === null ? null : must(columns[at]).encode(value)));
    return writeRecord(typeOids, encoded);
  };
};

/** The engine's own functions on parts of values, which PostgreSQL has as syntax. */
export const ELEMENT_ACCESS: ReadonlyMap<string, FunctionBuilder> = new Map([
  ["ELEMENT", element],
  ["SLICE", slice],
  ["FIELD", field],
]);
