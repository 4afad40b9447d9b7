import type { NullableBuilder } from "./scalar-function.ts";

/** Plans hand over texts only, as other types' output could hang on the session's settings. */
type Texts = readonly (string | null)[];

function concatenate(texts: Texts, separator: string): string {
  return texts.filter((text) => text !== null).join(separator);
}

/** `concat` and `concat_ws`, which leave NULLs out. */
export const CONCATENATION: Readonly<Record<string, NullableBuilder>> = {
  text_concat: () => {
    return (...texts: (string | null)[]) => concatenate(texts, "");
  },
  text_concat_ws: () => {
    return (separator: string | null, ...texts: (string | null)[]) => {
      return separator === null ? null : concatenate(texts, separator);
    };
  },
};

export const NULL_COUNTS: Readonly<Record<string, NullableBuilder>> = {
  pg_num_nulls: () => {
    return (...values) => values.filter((value) => value === null).length;
  },
  pg_num_nonnulls: () => {
    return (...values) => values.filter((value) => value !== null).length;
  },
};
