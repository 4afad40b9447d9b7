import { must } from "@freshet/base";
import { type Decimal, formatDecimal, parseDecimal } from "@freshet/values";
import { declined } from "../evaluation-error.ts";
import { elementsOf, jsonTypeOf, membersOf, unquote } from "../functions/json-text.ts";
import { printArray, printObject, quoteJson } from "../functions/json-tree.ts";

/** Kinds of moments without a time zone, named as `.type()` names them. */
export type MomentType = "date" | "time without time zone" | "timestamp without time zone";

/**
 * A JSON item as paths see it. Arrays and objects are the text jsonb prints for them, or one that a path has made. "unknown": a
 * number that hangs on how the server stores a document (the id of `.keyvalue()`).
 */
export type JsonItem =
  | { readonly kind: "null" }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "number"; readonly value: Decimal }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "moment"; readonly type: MomentType; readonly text: string }
  | { readonly kind: "array" | "object"; readonly text: string }
  | { readonly kind: "pair"; readonly key: string; readonly value: JsonItem; readonly id: JsonItem }
  | { readonly kind: "unknown" };

/** The item that a jsonb text is. */
export function itemOf(text: string): JsonItem {
  const kind = jsonTypeOf(text);
  switch (kind) {
    case "null":
      return { kind };
    case "boolean":
      return { kind, value: text === "true" };
    case "number":
      return { kind, value: must(parseDecimal(text), "malformed jsonb number") };
    case "string":
      return { kind, value: unquote(text) };
    default:
      return { kind, text };
  }
}

/** The text that jsonb prints for an item. */
export function textOf(item: JsonItem): string {
  switch (item.kind) {
    case "null":
      return "null";
    case "boolean":
      return String(item.value);
    case "number":
      return formatDecimal(item.value);
    case "string":
      return quoteJson(item.value);
    case "moment":
      return quoteJson(item.text);
    case "array":
    case "object":
      return item.text;
    case "pair":
      return printObject([...membersOfItem(item)].map(([key, value]) => [key, textOf(value)] as const));
    case "unknown":
      throw notKnown();
  }
}

export function arrayText(items: readonly JsonItem[]): string {
  return printArray(items.map(textOf));
}

export function notKnown(): Error {
  return declined("the id that .keyvalue() gives below the root");
}

export function isObjectItem(item: JsonItem): boolean {
  return item.kind === "object" || item.kind === "pair";
}

/** An object's members, in the order in which jsonb stores them. */
export function* membersOfItem(item: JsonItem): Generator<readonly [key: string, value: JsonItem], void> {
  if (item.kind === "pair") {
    yield ["id", item.id];
    yield ["key", { kind: "string", value: item.key }];
    yield ["value", item.value];
  } else if (item.kind === "object") {
    for (const [key, value] of membersOf(item.text)) yield [key, itemOf(value)];
  }
}

/** What lies directly within an array or object; nothing within a scalar. */
export function* partsOf(item: JsonItem): Generator<JsonItem, void> {
  if (item.kind === "array") for (const element of elementsOf(item.text)) yield itemOf(element);
  else for (const [, value] of membersOfItem(item)) yield value;
}

/** What `.type()` calls an item. */
export function typeNameOf(item: JsonItem): string {
  switch (item.kind) {
    case "moment":
      return item.type;
    case "pair":
      return "object";
    case "unknown":
      return "number";
    default:
      return item.kind;
  }
}
