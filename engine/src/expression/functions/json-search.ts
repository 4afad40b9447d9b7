import { compareDecimal, parseDecimal } from "@freshet/values";
import { must } from "@freshet/base";
import { subscriptOf } from "./json-changes.ts";
import { asText, unquote } from "./json-text.ts";
import { isString, type JsonLevel, levelOf, quoteJson } from "./json-tree.ts";
import type { FunctionTable } from "./scalar-function.ts";
import { textElements } from "./text-arrays.ts";

const NUMBER = /^[-0-9]/;

/** Equality of scalars; numbers by value, whatever scale they show. */
function sameScalar(a: string, b: string): boolean {
  if (a === b) return true;
  if (!NUMBER.test(a) || !NUMBER.test(b)) return false;
  return compareDecimal(must(parseDecimal(a), "jsonb number"), must(parseDecimal(b), "jsonb number")) === 0;
}

function containsLevel(whole: JsonLevel, part: JsonLevel): boolean {
  if (whole.kind === "object" && part.kind === "object") {
    return [...part.members].every(([key, value]) => {
      const found = whole.members.get(key);
      return found !== undefined && containsValue(found, value);
    });
  }
  if (whole.kind === "array" && part.kind === "array") {
    return part.elements.every((element) => whole.elements.some((candidate) => containsValue(candidate, element)));
  }
  return false;
}

function containsValue(whole: string, part: string): boolean {
  const [a, b] = [levelOf(whole), levelOf(part)];
  if (a.kind === "scalar" || b.kind === "scalar") {
    return a.kind === "scalar" && b.kind === "scalar" && sameScalar(a.text, b.text);
  }
  return containsLevel(a, b);
}

/** `@>`. At the top an array contains a scalar that is among its elements. */
function contains(whole: string, part: string): boolean {
  const [a, b] = [levelOf(whole), levelOf(part)];
  if (a.kind === "array" && b.kind === "scalar") {
    return containsLevel(a, { kind: "array", elements: [part] });
  }
  return containsValue(whole, part);
}

/** `?` for several keys at once. */
function namesIn(text: string): ReadonlySet<string> {
  const level = levelOf(text);
  if (level.kind === "object") return new Set(level.members.keys());
  const values = level.kind === "array" ? level.elements : [text];
  return new Set(values.filter(isString).map(unquote));
}

function existing(text: string, keys: Buffer): readonly boolean[] {
  const names = namesIn(text);
  return textElements(keys)
    .filter((key) => key !== null)
    .map((key) => names.has(key));
}

/** `#>`: NULL where the path leads nowhere. */
function valueAt(text: string, path: Buffer): string | null {
  let value: string | undefined = text;
  for (const name of textElements(path)) {
    if (name === null || value === undefined) return null;
    const level = levelOf(value);
    if (level.kind === "scalar") return null;
    if (level.kind === "object") {
      value = level.members.get(name);
      continue;
    }
    const index = subscriptOf(name);
    if (index === undefined) return null;
    value = level.elements[index < 0 ? level.elements.length + index : index];
  }
  return value ?? null;
}

const INDENT = "    ";

function pretty(text: string, depth: number): string {
  const level = levelOf(text);
  if (level.kind === "scalar") return text;
  const inner = `\n${INDENT.repeat(depth + 1)}`;
  const parts =
    level.kind === "array"
      ? level.elements.map((element) => inner + pretty(element, depth + 1))
      : [...level.members].map(([key, value]) => `${inner}${quoteJson(key)}: ${pretty(value, depth + 1)}`);
  const [open, close] = level.kind === "array" ? ["[", "]"] : ["{", "}"];
  return `${open}${parts.join(",")}\n${INDENT.repeat(depth)}${close}`;
}

export const JSON_SEARCH: FunctionTable = {
  jsonb_contains: contains,
  jsonb_contained: (part: string, whole: string) => contains(whole, part),
  jsonb_exists_any: (text: string, keys: Buffer) => existing(text, keys).includes(true),
  jsonb_exists_all: (text: string, keys: Buffer) => !existing(text, keys).includes(false),
  jsonb_extract_path: valueAt,
  jsonb_extract_path_text: (text: string, path: Buffer) => asText(valueAt(text, path)),
  jsonb_pretty: (text: string) => pretty(text, 0),
};
