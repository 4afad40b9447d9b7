import type { SetFunctionTable } from "./set-function.ts";

/** string_to_table: with a NULL delimiter the characters, with an empty one the whole. */
function split(text: string | null, delimiter: string | null, nullText: string | null): (string | null)[] {
  if (text === null || text === "") return [];
  if (delimiter === "") return withNulls([text], nullText);
  return withNulls(delimiter === null ? Array.from(text) : text.split(delimiter), nullText);
}

function withNulls(fields: readonly string[], nullText: string | null): (string | null)[] {
  return fields.map((field) => (field === nullText ? null : field));
}

export const TEXT_SETS: SetFunctionTable = {
  text_to_table: (text: string | null, delimiter: string | null) => split(text, delimiter, null),
  text_to_table_null: split,
};
