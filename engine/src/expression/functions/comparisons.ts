import { compareDecimal } from "@freshet/values";
import {
  compareBooleans,
  compareBytes,
  compareFloats,
  compareIntegers,
  comparePadded,
  compareText,
  comparisonTable,
  extremeTable,
} from "./comparison.ts";
import { compareDateTimestamp, compareTimestampDate } from "./date-order.ts";
import type { FunctionTable } from "./scalar-function.ts";

const INTEGER_PREFIXES = ["int2", "int4", "int8", "int24", "int42", "int28", "int82", "int48", "int84", "oid"];
const FLOAT_PREFIXES = ["float4", "float8", "float48", "float84"];

/**
 * Comparisons whose order needs nothing but the values. The text ones order by code point: plans use
 * them only under collations for which that is the order.
 */
export const COMPARISONS: FunctionTable = {
  ...comparisonTable(compareBooleans, "bool"),
  ...mergeTables(INTEGER_PREFIXES.map((prefix) => comparisonTable(compareIntegers, prefix))),
  ...mergeTables(FLOAT_PREFIXES.map((prefix) => comparisonTable(compareFloats, prefix))),
  ...comparisonTable(compareDecimal, "numeric_"),
  texteq: (a: string, b: string) => a === b,
  textne: (a: string, b: string) => a !== b,
  ...orderOnly(comparisonTable(compareText, "text_")),
  ...comparisonTable(compareText, "name"),
  ...comparisonTable(compareText, "name", "text"),
  ...comparisonTable(compareText, "text", "name"),
  ...comparisonTable(comparePadded, "bpchar"),
  ...comparisonTable(compareBytes, "bytea"),
  ...comparisonTable(compareBytes, "uuid_"),
  ...comparisonTable(compareIntegers, "date_"),
  ...comparisonTable(compareIntegers, "timestamp_"),
  ...comparisonTable(compareIntegers, "time_"),
  ...comparisonTable(compareIntegers, "cash_"),
  // Also of an xid with an int4, whose bits are then the xid's.
  xideq: (a: number, b: number) => a >>> 0 === b >>> 0,
  xidneq: (a: number, b: number) => a >>> 0 !== b >>> 0,
  cideq: (a: number, b: number) => a === b,
  ...comparisonTable(compareDateTimestamp, "date_", "_timestamp"),
  ...comparisonTable(compareTimestampDate, "timestamp_", "_date"),
  ...orderOnly(comparisonTable(compareText, "text_pattern_")),
  ...orderOnly(comparisonTable(comparePadded, "bpchar_pattern_")),
};

/** Functions behind two-valued GREATEST/LEAST style aggregates, callable by name. */
export const EXTREMES: FunctionTable = {
  ...mergeTables(
    ["int2", "int4", "int8", "oid"].map((prefix) =>
      extremeTable(compareIntegers, `${prefix}larger`, `${prefix}smaller`),
    ),
  ),
  ...mergeTables(
    ["float4", "float8"].map((prefix) => extremeTable(compareFloats, `${prefix}larger`, `${prefix}smaller`)),
  ),
};

function mergeTables(tables: readonly FunctionTable[]): FunctionTable {
  return Object.assign({}, ...tables) as FunctionTable;
}

/** Without `eq` and `ne`, which go by other symbols in this family. */
function orderOnly(table: FunctionTable): FunctionTable {
  return Object.fromEntries(Object.entries(table).filter(([name]) => !name.endsWith("eq") && !name.endsWith("ne")));
}
