import type { Value } from "@freshet/values";
import type { NullableBuilder } from "./scalar-function.ts";

/** NULLs are left out. Plans hand over texts only: other types' output could hang on the session's settings. */
function present(values: readonly (Value | null)[]): readonly Value[] {
  return values.filter((value) => value !== null);
}

export const CONCATENATION: Readonly<Record<string, NullableBuilder>> = {
  text_concat:
    () =>
    (...values) =>
      present(values).join(""),
  text_concat_ws:
    () =>
    (separator, ...values) =>
      separator === null ? null : present(values).join(String(separator)),
  pg_num_nulls:
    () =>
    (...values) =>
      values.length - present(values).length,
  pg_num_nonnulls:
    () =>
    (...values) =>
      present(values).length,
};
