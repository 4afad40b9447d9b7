import { EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { asText, elementsOf, jsonTypeOf, membersOf } from "../functions/json-text.ts";
import type { RowSetFunctionTable, SetFunctionTable } from "./set-function.ts";

function elements(text: string): Iterable<string> {
  const type = jsonTypeOf(text);
  if (type === "array") return elementsOf(text);
  throw new EvaluationError(
    EvaluationState.invalidParameterValue,
    `cannot extract elements from ${type === "object" ? "an object" : "a scalar"}`,
  );
}

function members(text: string): Iterable<readonly [key: string, value: string]> {
  if (jsonTypeOf(text) === "object") return membersOf(text);
  throw new EvaluationError(EvaluationState.invalidParameterValue, "the value is no object");
}

function* map<T, U>(items: Iterable<T>, change: (item: T) => U): Iterable<U> {
  for (const item of items) yield change(item);
}

const elementTexts = (text: string): Iterable<string | null> => map(elements(text), asText);
const keys = (text: string): Iterable<string> => map(members(text), ([key]) => key);
const each = (text: string): Iterable<readonly string[]> => members(text);
const eachText = (text: string): Iterable<readonly (string | null)[]> =>
  map(members(text), ([key, value]) => [key, asText(value)] as const);

export const JSON_SETS: SetFunctionTable = {
  jsonb_array_elements: elements,
  json_array_elements: elements,
  jsonb_array_elements_text: elementTexts,
  json_array_elements_text: elementTexts,
  jsonb_object_keys: keys,
  json_object_keys: keys,
};

export const JSON_ROW_SETS: RowSetFunctionTable = {
  jsonb_each: each,
  json_each: each,
  jsonb_each_text: eachText,
  json_each_text: eachText,
};
