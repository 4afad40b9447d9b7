import { declined, EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { subscriptOf } from "./json-changes.ts";
import { asText, elementAt, elementsOf, isArray, isObject, jsonTypeOf, membersOf } from "./json-text.ts";
import type { FunctionTable } from "./scalar-function.ts";
import { textElements } from "./text-arrays.ts";

/** json keeps the text it was given, which is well-formed: parts are cut out of it as they are written. */

/** Of equal keys the last counts. */
function member(json: string, key: string): string | null {
  if (!isObject(json)) return null;
  let found: string | null = null;
  for (const [name, value] of membersOf(json)) if (name === key) found = value;
  return found;
}

function element(json: string, index: number): string | null {
  return elementAt(json, index) ?? null;
}

function valueAt(json: string, path: Buffer): string | null {
  let value: string | null = json;
  const names = textElements(path);
  if (names.length === 0) throw declined("an empty path into json");
  for (const name of names) {
    if (name === null || value === null) return null;
    if (isArray(value)) {
      const index = subscriptOf(name);
      value = index === undefined ? null : element(value, index);
    } else value = member(value, name);
  }
  return value;
}

function arrayLength(json: string): number {
  const type = jsonTypeOf(json);
  if (type === "array") return [...elementsOf(json)].length;
  const what = type === "object" ? "a non-array" : "a scalar";
  throw new EvaluationError(EvaluationState.invalidParameterValue, `cannot get array length of ${what}`);
}

export const RAW_JSON: FunctionTable = {
  json_object_field: member,
  json_object_field_text: (json: string, key: string) => asText(member(json, key)),
  json_array_element: element,
  json_array_element_text: (json: string, index: number) => asText(element(json, index)),
  json_extract_path: valueAt,
  json_extract_path_text: (json: string, path: Buffer) => asText(valueAt(json, path)),
  json_array_length: arrayLength,
  json_typeof: jsonTypeOf,
};
