import { must } from "@freshet/base";
import { readArray, readMultirange } from "@freshet/values";
import { declined } from "../evaluation-error.ts";
import type { SetFunctionTable } from "./set-function.ts";

const ELEMENT_OID_AT = 8;
const DIMENSIONS_AT = 12;

/** An array's elements in row-major order, each a row. */
export function unnest(array: Buffer): readonly (readonly [Buffer | null])[] {
  const value = readArray(array, array.readUInt32BE(ELEMENT_OID_AT));
  if (value === undefined) throw declined("an array of an unknown form");
  return value.elements.map((element) => [element] as const);
}

/** A multirange's ranges, each a row. */
export function unnestRanges(multirange: Buffer): readonly (readonly [Buffer])[] {
  return must(readMultirange(multirange), "malformed multirange").map((range) => [range] as const);
}

function* subscripts(array: Buffer, dimension: number, reverse: boolean): Iterable<number> {
  if (dimension < 1 || dimension > array.readInt32BE(0)) return;
  const at = DIMENSIONS_AT + 8 * (dimension - 1);
  const [length, lower] = [array.readInt32BE(at), array.readInt32BE(at + 4)];
  for (let index = 0; index < length; index++) yield reverse ? lower + length - 1 - index : lower + index;
}

export const ARRAY_SETS: SetFunctionTable = {
  generate_subscripts: (array: Buffer, dimension: number, reverse: boolean) => subscripts(array, dimension, reverse),
  generate_subscripts_nodir: (array: Buffer, dimension: number) => subscripts(array, dimension, false),
};
