import { declined, EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { jsonElements, jsonKind, jsonMembers } from "./json-text.ts";
import type { RowSetFunctionTable, SetFunctionTable } from "./set-function.ts";

/** A character that PostgreSQL's text cannot hold, or half of one. */
const NO_TEXT = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

function unquote(literal: string): string {
  const text = literal.includes("\\") ? (JSON.parse(literal) as string) : literal.slice(1, -1);
  if (NO_TEXT.test(text)) throw declined("a Unicode escape that is no character");
  return text;
}

/** What `->>` makes of a value: strings without quotes, null as NULL, all else as it is written. */
function asText(value: string): string | null {
  if (value === "null") return null;
  return value.startsWith('"') ? unquote(value) : value;
}

function elements(text: string): Iterable<string> {
  const kind = jsonKind(text);
  if (kind === "array") return jsonElements(text);
  throw new EvaluationError(
    EvaluationState.invalidParameterValue,
    `cannot extract elements from ${kind === "object" ? "an object" : "a scalar"}`,
  );
}

function members(text: string): Iterable<readonly [key: string, value: string]> {
  if (jsonKind(text) === "object") return jsonMembers(text);
  throw new EvaluationError(EvaluationState.invalidParameterValue, "the value is no object");
}

function* map<T, U>(items: Iterable<T>, change: (item: T) => U): Iterable<U> {
  for (const item of items) yield change(item);
}

const elementTexts = (text: string): Iterable<string | null> => map(elements(text), asText);
const keys = (text: string): Iterable<string> => map(members(text), ([key]) => unquote(key));
const each = (text: string): Iterable<readonly string[]> =>
  map(members(text), ([key, value]) => [unquote(key), value] as const);
const eachText = (text: string): Iterable<readonly (string | null)[]> =>
  map(members(text), ([key, value]) => [unquote(key), asText(value)] as const);

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
