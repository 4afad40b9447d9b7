import type { Regex } from "../regex/regex.ts";
import type { JsonItem } from "./json-item.ts";

export type ComparisonOperator = "==" | "!=" | "<" | ">" | "<=" | ">=";
export type ArithmeticOperator = "+" | "-" | "*" | "/" | "%";

/** Methods without arguments that make of each item another one. */
export type PlainMethod = "type" | "size" | "abs" | "floor" | "ceiling" | "double" | "keyvalue" | ConversionMethod;
type ConversionMethod = "bigint" | "boolean" | "integer" | "number" | "string" | DatetimeMethod;
export type DatetimeMethod = "datetime" | "date" | "time" | "timestamp";

/** `[index]` or `[from to last]`. */
export interface Subscript {
  readonly from: PathItem;
  readonly to: PathItem | null;
}

/** What one item of a path does. */
export type PathStep =
  | { readonly kind: "literal"; readonly item: JsonItem }
  | { readonly kind: "variable" | "key"; readonly name: string }
  | { readonly kind: "root" | "current" | "last" | "any-array" | "any-key" }
  | { readonly kind: "and" | "or"; readonly left: PathItem; readonly right: PathItem }
  | { readonly kind: "not" | "is-unknown" | "exists" | "filter"; readonly arg: PathItem }
  | {
      readonly kind: "comparison";
      readonly operator: ComparisonOperator;
      readonly left: PathItem;
      readonly right: PathItem;
    }
  | { readonly kind: "starts-with"; readonly left: PathItem; readonly right: PathItem }
  | { readonly kind: "like-regex"; readonly arg: PathItem; readonly pattern: PathPattern }
  | {
      readonly kind: "arithmetic";
      readonly operator: ArithmeticOperator;
      readonly left: PathItem;
      readonly right: PathItem;
    }
  | { readonly kind: "sign"; readonly operator: "+" | "-"; readonly arg: PathItem }
  | { readonly kind: "subscripts"; readonly subscripts: readonly Subscript[] }
  /** `.**`: levels below the item, Infinity for the leaves or all below. */
  | { readonly kind: "any-level"; readonly first: number; readonly last: number }
  | { readonly kind: "method"; readonly name: PlainMethod }
  | { readonly kind: "decimal"; readonly precision: number | null; readonly scale: number };

/** An item of a path with the one that is applied to what it gives. */
export interface PathItem {
  readonly step: PathStep;
  readonly next: PathItem | null;
}

/** What LIKE_REGEX looks for: a regular expression, or with the flag "q" a text. */
export type PathPattern = { readonly text: string } | { readonly regex: Regex };

export interface JsonPath {
  readonly isLax: boolean;
  readonly root: PathItem;
}
