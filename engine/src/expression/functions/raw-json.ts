import { declined, EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { subscriptOf } from "./json-changes.ts";
import { skipString } from "./json-scan.ts";
import type { FunctionTable } from "./scalar-function.ts";
import { textElements } from "./text-arrays.ts";

/** json keeps the text it was given, which is well-formed: parts are cut out of it as they are written. */

const BLANKS = /[ \t\n\r]*/y;

function skipBlanks(text: string, at: number): number {
  BLANKS.lastIndex = at;
  BLANKS.exec(text);
  return BLANKS.lastIndex;
}

/** Position behind the value that starts at `at`. */
function skipValue(text: string, at: number): number {
  const first = text.charAt(at);
  if (first === '"') return skipString(text, at);
  if (first !== "{" && first !== "[") {
    let end = at;
    while (end < text.length && !/[\s,\]}]/.test(text.charAt(end))) end++;
    return end;
  }
  let depth = 0;
  for (let next = at; next < text.length; next++) {
    const character = text.charAt(next);
    if (character === '"') next = skipString(text, next) - 1;
    else if (character === "{" || character === "[") depth++;
    else if ((character === "}" || character === "]") && --depth === 0) return next + 1;
  }
  return text.length;
}

/** The string a literal stands for. PostgreSQL refuses some escapes only when they are looked at. */
function unescape(literal: string): string {
  const text = JSON.parse(literal) as string;
  if (/\0|\p{Surrogate}/u.test(text)) throw declined("such an escape in json");
  return text;
}

interface Part {
  readonly key: string | undefined;
  readonly value: string;
}

/** Members or elements in the order in which they are written. */
function partsOf(json: string): readonly Part[] {
  const text = json.slice(skipBlanks(json, 0));
  const isObject = text.startsWith("{");
  if (!isObject && !text.startsWith("[")) return [];
  const parts: Part[] = [];
  let at = skipBlanks(text, 1);
  while (text.charAt(at) !== "}" && text.charAt(at) !== "]") {
    let key: string | undefined;
    if (isObject) {
      const end = skipString(text, at);
      key = unescape(text.slice(at, end));
      at = skipBlanks(text, skipBlanks(text, end) + 1);
    }
    const end = skipValue(text, at);
    parts.push({ key, value: text.slice(at, end) });
    at = skipBlanks(text, end);
    if (text.charAt(at) === ",") at = skipBlanks(text, at + 1);
  }
  return parts;
}

function kindOf(json: string): string {
  switch (json.charAt(skipBlanks(json, 0))) {
    case "{":
      return "object";
    case "[":
      return "array";
    case '"':
      return "string";
    case "t":
    case "f":
      return "boolean";
    case "n":
      return "null";
    default:
      return "number";
  }
}

/** Of equal keys the last counts. */
function member(json: string, key: string): string | null {
  if (kindOf(json) !== "object") return null;
  return partsOf(json).findLast((part) => part.key === key)?.value ?? null;
}

function element(json: string, index: number): string | null {
  if (kindOf(json) !== "array") return null;
  const parts = partsOf(json);
  return parts[index < 0 ? parts.length + index : index]?.value ?? null;
}

function asText(value: string | null): string | null {
  if (value === null || value === "null") return null;
  return value.startsWith('"') ? unescape(value) : value;
}

function valueAt(json: string, path: Buffer): string | null {
  let value: string | null = json;
  const names = textElements(path);
  if (names.length === 0) throw declined("an empty path into json");
  for (const name of names) {
    if (name === null || value === null) return null;
    if (kindOf(value) === "array") {
      const index = subscriptOf(name);
      value = index === undefined ? null : element(value, index);
    } else value = member(value, name);
  }
  return value;
}

function arrayLength(json: string): number {
  const kind = kindOf(json);
  if (kind === "array") return partsOf(json).length;
  const what = kind === "object" ? "a non-array" : "a scalar";
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
  json_typeof: kindOf,
};
