import { C_COLLATIONS } from "../functions/registry.ts";
import { C_REGEX_SETS, REGEX_SETS } from "../functions/regex-functions.ts";
import { JSONPATH_SETS } from "../jsonpath/functions.ts";
import { ARRAY_SETS } from "./array-sets.ts";
import { JSON_ROW_SETS, JSON_SETS } from "./json-sets.ts";
import { SERIES } from "./series.ts";
import type { RowSetFunction, RowSetFunctionTable, SetFunction, SetFunctionTable } from "./set-function.ts";
import { TEXT_SETS } from "./text-sets.ts";

const SINGLE: ReadonlyMap<string, SetFunction["call"]> = new Map(
  [ARRAY_SETS, JSON_SETS, JSONPATH_SETS, REGEX_SETS, SERIES, TEXT_SETS].flatMap((table: SetFunctionTable) =>
    Object.entries(table),
  ),
);

const SEVERAL: ReadonlyMap<string, RowSetFunction["call"]> = new Map(
  [JSON_ROW_SETS].flatMap((table: RowSetFunctionTable) => Object.entries(table)),
);

/** Those whose meaning the collation decides, for collation C. */
const UNDER_C: ReadonlyMap<string, SetFunction["call"]> = new Map(Object.entries(C_REGEX_SETS));

/** The implementation of a set-returning function of one column. */
export function findSetFunction(name: string, collation: number): SetFunction["call"] | undefined {
  return (C_COLLATIONS.has(collation) ? UNDER_C.get(name) : undefined) ?? SINGLE.get(name);
}

/** The implementation of a set-returning function of several columns. */
export function findRowSetFunction(name: string): RowSetFunction["call"] | undefined {
  return SEVERAL.get(name);
}
