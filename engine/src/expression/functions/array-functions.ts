import type { FunctionTable } from "./scalar-function.ts";

/** Length and lower bound of one dimension (1-based) of an array's binary form; null when it has no such dimension. */
function dimension(array: Buffer, number: number): { readonly length: number; readonly lower: number } | null {
  if (number < 1 || number > array.readInt32BE(0)) return null;
  const at = 12 + 8 * (number - 1);
  return { length: array.readInt32BE(at), lower: array.readInt32BE(at + 4) };
}

function cardinality(array: Buffer): number {
  const dimensions = array.readInt32BE(0);
  let count = dimensions === 0 ? 0 : 1;
  for (let number = 1; number <= dimensions; number++) count *= dimension(array, number)?.length ?? 0;
  return count;
}

function upperBound(array: Buffer, number: number): number | null {
  const found = dimension(array, number);
  return found === null ? null : found.lower + found.length - 1;
}

/** Bounds of all dimensions: `[1:2][0:3]`. */
function bounds(array: Buffer): string | null {
  const dimensions = array.readInt32BE(0);
  let text = "";
  for (let number = 1; number <= dimensions; number++) {
    text += `[${dimension(array, number)?.lower ?? 1}:${upperBound(array, number) ?? 0}]`;
  }
  return text === "" ? null : text;
}

export const ARRAY_FUNCTIONS: FunctionTable = {
  array_cardinality: cardinality,
  array_ndims: (array: Buffer) => array.readInt32BE(0) || null,
  array_length: (array: Buffer, number: number) => dimension(array, number)?.length ?? null,
  array_lower: (array: Buffer, number: number) => dimension(array, number)?.lower ?? null,
  array_upper: upperBound,
  array_dims: bounds,
};
