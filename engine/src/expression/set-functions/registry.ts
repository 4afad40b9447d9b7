import { ARRAY_SETS } from "./array-sets.ts";
import { JSON_ROW_SETS, JSON_SETS } from "./json-sets.ts";
import { SERIES } from "./series.ts";
import type { RowSetFunction, RowSetFunctionTable, SetFunction, SetFunctionTable } from "./set-function.ts";
import { TEXT_SETS } from "./text-sets.ts";

const SINGLE: ReadonlyMap<string, SetFunction["call"]> = new Map(
  [ARRAY_SETS, JSON_SETS, SERIES, TEXT_SETS].flatMap((table: SetFunctionTable) => Object.entries(table)),
);

const SEVERAL: ReadonlyMap<string, RowSetFunction["call"]> = new Map(
  [JSON_ROW_SETS].flatMap((table: RowSetFunctionTable) => Object.entries(table)),
);

/** The implementation of a set-returning function of one column. */
export function findSetFunction(name: string): SetFunction["call"] | undefined {
  return SINGLE.get(name);
}

/** The implementation of a set-returning function of several columns. */
export function findRowSetFunction(name: string): RowSetFunction["call"] | undefined {
  return SEVERAL.get(name);
}
