import { declined } from "../evaluation-error.ts";

/**
 * Looks into well-formed JSON text, white space and all; a part is given as it is written. Of jsonb's own text, which is
 * canonical (`{"a": 1, "b": [1, 2]}`), a part is again the text that jsonb prints for that part.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

export type JsonType = "object" | "array" | "string" | "boolean" | "null" | "number";

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x09 || unit === 0x0d;
}

function skipSpace(text: string, at: number): number {
  let next = at;
  while (isSpace(text.charCodeAt(next))) next++;
  return next;
}

/** Position behind the string that starts at `at`. */
function skipString(text: string, at: number): number {
  for (let next = at + 1; next < text.length; next++) {
    const unit = text.charCodeAt(next);
    if (unit === BACKSLASH) next++;
    else if (unit === QUOTE) return next + 1;
  }
  return text.length;
}

/** Position behind the value that starts at `at`. */
function skipValue(text: string, at: number): number {
  if (text.charCodeAt(at) === QUOTE) return skipString(text, at);
  let depth = 0;
  for (let next = at; next < text.length; next++) {
    const unit = text.charCodeAt(next);
    if (unit === QUOTE) next = skipString(text, next) - 1;
    else if (unit === OPEN_BRACE || unit === OPEN_BRACKET) depth++;
    else if (unit === CLOSE_BRACE || unit === CLOSE_BRACKET) {
      if (depth <= 1) return depth === 0 ? next : next + 1;
      depth--;
    } else if (depth === 0 && (unit === COMMA || isSpace(unit))) return next;
  }
  return text.length;
}

/** What kind of value a text is, as `jsonb_typeof` names it. */
export function jsonTypeOf(text: string): JsonType {
  switch (text.charAt(skipSpace(text, 0))) {
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

export function isObject(text: string): boolean {
  return jsonTypeOf(text) === "object";
}

export function isArray(text: string): boolean {
  return jsonTypeOf(text) === "array";
}

/** A character that PostgreSQL's text cannot hold, or half of one. */
const NO_TEXT = /\0|\p{Surrogate}/u;

/** The string a JSON string literal stands for. PostgreSQL refuses some escapes in json only when they are looked at. */
export function unquote(literal: string): string {
  if (!literal.includes("\\")) return literal.slice(1, -1);
  const text = JSON.parse(literal) as string;
  if (NO_TEXT.test(text)) throw declined("such an escape in json");
  return text;
}

/** The elements of an array, in their order. */
export function* elementsOf(text: string): Generator<string, void> {
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  while (text.charCodeAt(at) !== CLOSE_BRACKET) {
    const end = skipValue(text, at);
    yield text.slice(at, end);
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
  }
}

/** The members of an object, as they are written: of equal keys the last counts. */
export function* membersOf(text: string): Generator<readonly [key: string, value: string], void> {
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  while (text.charCodeAt(at) !== CLOSE_BRACE) {
    const keyEnd = skipString(text, at);
    const valueAt = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = skipValue(text, valueAt);
    yield [unquote(text.slice(at, keyEnd)), text.slice(valueAt, end)];
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
  }
}

/** The value of the first member `key`, which in jsonb is the only one; undefined when there is none or `text` is no object. */
export function memberOf(text: string, key: string): string | undefined {
  if (!isObject(text)) return undefined;
  for (const [name, value] of membersOf(text)) if (name === key) return value;
  return undefined;
}

/** The element at `index`, from the end where that is negative; undefined when there is none or `text` is no array. */
export function elementAt(text: string, index: number): string | undefined {
  if (!isArray(text)) return undefined;
  return [...elementsOf(text)].at(index);
}

/** What `->>` makes of a value: strings without quotes, null as NULL, all else as it is written. */
export function asText(value: string | null): string | null {
  if (value === null || value === "null") return null;
  return value.startsWith('"') ? unquote(value) : value;
}
