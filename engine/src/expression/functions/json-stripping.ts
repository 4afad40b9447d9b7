import type { Value } from "@freshet/values";
import { elementsOf, jsonTypeOf, membersOf, unquote } from "./json-text.ts";
import { quoteJson } from "./json-tree.ts";
import type { FunctionTable } from "./scalar-function.ts";

/** json without the members that are null, at every depth, and without white space; with `inArrays` also without such elements. */
function withoutNulls(text: string, inArrays: boolean): string {
  switch (jsonTypeOf(text)) {
    case "object": {
      const kept = [...membersOf(text)].filter(([, value]) => value !== "null");
      return `{${kept.map(([key, value]) => `${quoteJson(key)}:${withoutNulls(value, inArrays)}`).join(",")}}`;
    }
    case "array": {
      const kept = [...elementsOf(text)].filter((element) => !inArrays || element !== "null");
      return `[${kept.map((element) => withoutNulls(element, inArrays)).join(",")}]`;
    }
    case "string":
      return quoteJson(unquote(text.trim()));
    default:
      return text.trim();
  }
}

export const STRIPPED_JSON: FunctionTable = {
  /** The second argument is there from PostgreSQL 18 on. */
  json_strip_nulls: (text: string, ...rest: readonly Value[]) => withoutNulls(text, rest[0] === true),
};
