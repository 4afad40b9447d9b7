import { must } from "@freshet/base";
import { Oid, readArray } from "@freshet/values";
import { EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { printObject, quoteJson } from "./json-tree.ts";
import type { FunctionTable } from "./scalar-function.ts";

type Pair = readonly [key: string, value: string | null];

function subscriptError(message: string): EvaluationError {
  return new EvaluationError(EvaluationState.arraySubscriptError, message);
}

function read(array: Buffer): { readonly sizes: readonly number[]; readonly texts: readonly (string | null)[] } {
  const { dimensions, elements } = must(readArray(array, Oid.text), "malformed text[]");
  const texts = elements.map((element) => (element === null ? null : element.toString("utf8")));
  return { sizes: dimensions.map(({ length }) => length), texts };
}

function pairsFrom(keys: readonly (string | null)[], values: readonly (string | null)[]): readonly Pair[] {
  return keys.map((key, at) => {
    if (key !== null) return [key, values[at] ?? null] as const;
    throw new EvaluationError(EvaluationState.nullValueNotAllowed, "null value not allowed for object key");
  });
}

/** Keys and values in turn: in one dimension, or as rows of two. */
function pairsOfOne(array: Buffer): readonly Pair[] {
  const { sizes, texts } = read(array);
  if (sizes.length > 2) throw subscriptError("wrong number of array subscripts");
  if (sizes.length === 2 && sizes[1] !== 2) throw subscriptError("array must have two columns");
  if (texts.length % 2 !== 0) throw subscriptError("array must have even number of elements");
  const every = (rest: number): readonly (string | null)[] => texts.filter((_text, at) => at % 2 === rest);
  return pairsFrom(every(0), every(1));
}

function pairsOfTwo(keyArray: Buffer, valueArray: Buffer): readonly Pair[] {
  const [keys, values] = [read(keyArray), read(valueArray)];
  if (keys.sizes.length > 1 || keys.sizes.length !== values.sizes.length)
    throw subscriptError("wrong number of array subscripts");
  if (keys.texts.length !== values.texts.length) throw subscriptError("mismatched array dimensions");
  return pairsFrom(keys.texts, values.texts);
}

function valueText(value: string | null): string {
  return value === null ? "null" : quoteJson(value);
}

/** Keys stay as they are given, also equal ones. */
function asJson(pairs: readonly Pair[]): string {
  return `{${pairs.map(([key, value]) => `${quoteJson(key)} : ${valueText(value)}`).join(", ")}}`;
}

function asJsonb(pairs: readonly Pair[]): string {
  return printObject(new Map(pairs.map(([key, value]) => [key, valueText(value)] as const)));
}

/** `json_object` and `jsonb_object` of arrays of texts. */
export const JSON_PAIRS: FunctionTable = {
  json_object: (array: Buffer) => asJson(pairsOfOne(array)),
  json_object_two_arg: (keys: Buffer, values: Buffer) => asJson(pairsOfTwo(keys, values)),
  jsonb_object: (array: Buffer) => asJsonb(pairsOfOne(array)),
  jsonb_object_two_arg: (keys: Buffer, values: Buffer) => asJsonb(pairsOfTwo(keys, values)),
};
