import { Oid } from "@freshet/values";

/** C symbols of the equality functions of the default btree and hash operator classes. */
const EQUALITY: ReadonlySet<string> = new Set([
  "booleq",
  "chareq",
  "nameeq",
  "int2eq",
  "int4eq",
  "int8eq",
  "oideq",
  "float4eq",
  "float8eq",
  "numeric_eq",
  "texteq",
  "bpchareq",
  "byteaeq",
  "date_eq",
  "timestamp_eq",
  "timestamptz_eq",
  "uuid_eq",
  "jsonb_eq",
  "enum_eq",
  "array_eq",
  "interval_eq",
  "time_eq",
  "timetz_eq",
  "cash_eq",
  "biteq",
  "network_eq",
  "macaddr_eq",
  "macaddr8_eq",
  "xideq",
  "cideq",
  "tideq",
  "xid8eq",
  "pg_lsn_eq",
  "range_eq",
  "multirange_eq",
  "record_eq",
  "tsvector_eq",
]);

/** Equality between integers or floats of different widths: the symbol and the wider type. */
const MIXED_EQUALITY: ReadonlyMap<string, number> = new Map([
  ["int24eq", Oid.int4],
  ["int42eq", Oid.int4],
  ["int28eq", Oid.int8],
  ["int82eq", Oid.int8],
  ["int48eq", Oid.int8],
  ["int84eq", Oid.int8],
  ["float48eq", Oid.float8],
  ["float84eq", Oid.float8],
]);

interface WideningCast {
  readonly functionOid: number;
  readonly name: string;
}

/** Built-in casts to a wider type; exact for every value. Keyed `from>to`. */
const WIDENING: ReadonlyMap<string, WideningCast> = new Map([
  [`${Oid.int2}>${Oid.int4}`, { functionOid: 313, name: "i2toi4" }],
  [`${Oid.int2}>${Oid.int8}`, { functionOid: 754, name: "int28" }],
  [`${Oid.int4}>${Oid.int8}`, { functionOid: 481, name: "int48" }],
  [`${Oid.float4}>${Oid.float8}`, { functionOid: 311, name: "ftod" }],
]);

export type RangeOperator = "<" | "<=" | ">" | ">=";

const RANGE_SUFFIXES: ReadonlyMap<string, RangeOperator> = new Map([
  ["lt", "<"],
  ["le", "<="],
  ["gt", ">"],
  ["ge", ">="],
]);

const RANGE_TYPES: readonly string[] = [
  "bool",
  "char",
  "name",
  "int2",
  "int4",
  "int8",
  "oid",
  "float4",
  "float8",
  "numeric_",
  "text_",
  "bpchar",
  "bytea",
  "date_",
  "timestamp_",
  "timestamptz_",
  "uuid_",
  "enum_",
  "interval_",
  "time_",
  "timetz_",
  "cash_",
  "bit",
  "network_",
  "macaddr_",
  "macaddr8_",
  "tid",
  "xid8",
  "pg_lsn_",
  "array_",
  "range_",
  "multirange_",
  "record_",
  "jsonb_",
];

const MIXED_RANGE: ReadonlyMap<string, number> = new Map([
  ["int24", Oid.int4],
  ["int42", Oid.int4],
  ["int28", Oid.int8],
  ["int82", Oid.int8],
  ["int48", Oid.int8],
  ["int84", Oid.int8],
  ["float48", Oid.float8],
  ["float84", Oid.float8],
]);

/** What a comparison function says: the relation, and the type both sides are compared in where they differ. */
interface Comparison<Operator extends string> {
  readonly operator: Operator;
  readonly mixedType: number | null;
}

/** `=` of the default operator class, by its function's symbol; undefined for every other function. */
export function equalityOf(symbol: string): Comparison<"="> | undefined {
  if (EQUALITY.has(symbol)) return { operator: "=", mixedType: null };
  const mixedType = MIXED_EQUALITY.get(symbol);
  return mixedType === undefined ? undefined : { operator: "=", mixedType };
}

/** `<`, `<=`, `>` or `>=` of the default operator class, by its function's symbol. */
export function rangeOf(symbol: string): Comparison<RangeOperator> | undefined {
  const operator = RANGE_SUFFIXES.get(symbol.slice(-2));
  if (operator === undefined) return undefined;
  const stem = symbol.slice(0, -2);
  if (RANGE_TYPES.includes(stem)) return { operator, mixedType: null };
  const mixedType = MIXED_RANGE.get(stem);
  return mixedType === undefined ? undefined : { operator, mixedType };
}

export function wideningCast(from: number, to: number): WideningCast | undefined {
  return WIDENING.get(`${from}>${to}`);
}

/** Functions whose answer follows the collation's order; they need a byte-ordered one. */
export function followsCollationOrder(symbol: string): boolean {
  return (
    /^(text_|bpchar|array_)(lt|le|gt|ge)$/.test(symbol) ||
    /^(text|bpchar|name|array)_?(larger|smaller)$/.test(symbol) ||
    /^(name(lt|le|gt|ge)|bttextcmp|bpcharcmp|btnamecmp|bttextnamecmp|btnametextcmp)$/.test(symbol) ||
    /^(nametext|textname)(lt|le|gt|ge)$/.test(symbol) ||
    /^array_sort(_|$)/.test(symbol) ||
    symbol === "width_bucket_array"
  );
}

const MADE = /^(?:array|jsonb|record|range|multirange)_(eq|ne|lt|le|gt|ge|cmp|larger|smaller)$/;

/** Of a comparison of values that are made of others, whether it needs their order or their equality alone; null for every other function. */
export function comparesMade(symbol: string): "order" | "equality" | null {
  const suffix = MADE.exec(symbol)?.[1];
  if (suffix === undefined) return null;
  return suffix === "eq" || suffix === "ne" ? "equality" : "order";
}
