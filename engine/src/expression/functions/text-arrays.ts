import { must } from "@freshet/base";
import { arrayOf, Oid, readArray } from "@freshet/values";
import { declined } from "../evaluation-error.ts";
import type { NullableBuilder } from "./scalar-function.ts";
import { charactersOf } from "./text-units.ts";

/** A one-dimensional text[]; null for NULL. */
export function textArray(items: readonly (string | null)[]): Buffer {
  return arrayOf(
    Oid.text,
    items.map((item) => (item === null ? null : Buffer.from(item, "utf8"))),
  );
}

/** The elements of a text[] of at most one dimension. */
export function textElements(array: Buffer): readonly (string | null)[] {
  const { dimensions, elements } = must(readArray(array, Oid.text), "malformed text[]");
  if (dimensions.length > 1) throw declined("an array of more than one dimension as a list");
  return elements.map((element) => (element === null ? null : element.toString("utf8")));
}

/** The fields of `text`: between separators, or its characters when that is NULL. */
export function fieldsOf(text: string, separator: string | null): readonly string[] {
  if (text === "") return [];
  if (separator === null) return charactersOf(text);
  return separator === "" ? [text] : text.split(separator);
}

function toArray(text: string | null, separator: string | null, nullText: string | null): Buffer | null {
  if (text === null) return null;
  return textArray(fieldsOf(text, separator).map((field) => (field === nullText ? null : field)));
}

/** `string_to_array`. */
export const TEXT_ARRAYS: Readonly<Record<string, NullableBuilder>> = {
  text_to_array: () => (text: string | null, separator: string | null) => toArray(text, separator, null),
  text_to_array_null: () => toArray,
};
