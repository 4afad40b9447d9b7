import { elementsOf, isArray, isObject, membersOf } from "./json-text.ts";

/** A jsonb value taken apart one level: parts stay jsonb's own text. */
export type JsonLevel =
  | { readonly kind: "object"; readonly members: ReadonlyMap<string, string> }
  | { readonly kind: "array"; readonly elements: readonly string[] }
  | { readonly kind: "scalar"; readonly text: string };

export function levelOf(text: string): JsonLevel {
  if (isObject(text)) return { kind: "object", members: new Map(membersOf(text)) };
  return isArray(text) ? { kind: "array", elements: [...elementsOf(text)] } : { kind: "scalar", text };
}

export function isString(text: string): boolean {
  return text.startsWith('"');
}

export function quoteJson(text: string): string {
  return JSON.stringify(text);
}

export function printArray(elements: readonly string[]): string {
  return `[${elements.join(", ")}]`;
}

/** Keys in jsonb's order: shorter ones (in UTF-8) first, then by bytes. */
export function printObject(members: Iterable<readonly [string, string]>): string {
  const sorted = [...members].map(([key, value]) => ({ key, value, bytes: Buffer.from(key, "utf8") }));
  sorted.sort((a, b) => a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes));
  return `{${sorted.map(({ key, value }) => `${quoteJson(key)}: ${value}`).join(", ")}}`;
}
