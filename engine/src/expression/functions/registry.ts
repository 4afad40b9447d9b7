import type { CodecSet, ColumnType, Decimal } from "@freshet/values";
import { roundDecimal, truncateDecimal } from "../numeric/rounding.ts";
import { CASTS } from "./casts.ts";
import { COMPARISONS, EXTREMES } from "./comparisons.ts";
import { ARRAY_FUNCTIONS } from "./array-functions.ts";
import { ARRAY_CHANGES, ARRAY_CONSTRUCTOR, TRIM_ARRAY } from "./array-changes.ts";
import { ARRAY_FILL, ARRAY_ORDER } from "./array-order.ts";
import { ARRAY_SEARCH, ARRAY_SETS } from "./array-search.ts";
import { BYTEA_FUNCTIONS } from "./bytea-functions.ts";
import { C_COLLATION } from "./c-collation.ts";
import { CONCATENATION, NULL_COUNTS } from "./concatenation.ts";
import { ENCODINGS } from "./encodings.ts";
import { NORMALIZATION } from "./normalization.ts";
import { NULLABLE_QUOTING, QUOTING } from "./quoting.ts";
import { ARRAY_TO_TEXT, NULLABLE_ARRAY_TO_TEXT } from "./array-text.ts";
import { NULLABLE_SIMILAR, SIMILAR } from "./similar.ts";
import { TEXT_ARRAYS } from "./text-arrays.ts";
import { TEXT_FORMAT } from "./text-format.ts";
import { addDays, DATE_FUNCTIONS, datePart } from "./date-functions.ts";
import { DATE_FORMATTING } from "./date-formatting.ts";
import { FLOAT_ARITHMETIC } from "./float-arithmetic.ts";
import { int4Checked, INTEGER_ARITHMETIC } from "./integer-arithmetic.ts";
import { INTEGER_BITS } from "./integer-bits.ts";
import { BIT_FUNCTIONS } from "./bit-functions.ts";
import { INTERVAL_ARITHMETIC } from "./interval-arithmetic.ts";
import { INTERVAL_FIELDS } from "./interval-fields.ts";
import { INTERVAL_MAKING } from "./interval-making.ts";
import { INTERVAL_MOMENTS } from "./interval-moments.ts";
import { MONEY_FUNCTIONS } from "./money-functions.ts";
import { NETWORK_FUNCTIONS } from "./network-functions.ts";
import { ELEMENT_ACCESS, ROW_CONSTRUCTOR } from "./element-access.ts";
import { RANGE_CONSTRUCTORS } from "./range-constructors.ts";
import { MULTIRANGE_FUNCTIONS } from "./multirange-functions.ts";
import { RANGE_FUNCTIONS } from "./range-functions.ts";
import { JSON_BUILDING, TO_JSON } from "./json-building.ts";
import { JSON_CHANGES } from "./json-changes.ts";
import { JSON_PAIRS } from "./json-pairs.ts";
import { JSON_SET_LAX } from "./json-set-lax.ts";
import { STRIPPED_JSON } from "./json-stripping.ts";
import { JSON_SEARCH } from "./json-search.ts";
import { ROW_JSON } from "./row-json.ts";
import { RAW_JSON } from "./raw-json.ts";
import { JSON_FUNCTIONS } from "./json-functions.ts";
import { JSONPATH_FUNCTIONS } from "../jsonpath/functions.ts";
import { LIKE_FUNCTIONS } from "./like.ts";
import { NUMBER_FORMATTING } from "./number-formatting.ts";
import { decimalLogarithm, NUMERIC_FUNCTIONS } from "./numeric-functions.ts";
import { C_REGEX_FUNCTIONS, REGEX_FUNCTIONS } from "./regex-functions.ts";
import type {
  FunctionBuilder,
  FunctionTable,
  NullableBuilder,
  NullableImplementation,
  ScalarImplementation,
} from "./scalar-function.ts";
import { padText, TEXT_FUNCTIONS } from "./text-functions.ts";
import { TEXT_LENGTH_COERCIONS } from "./text-lengths.ts";
import { TIME_FIELDS } from "./time-fields.ts";
import { OVERLAPS, ZONE_FUNCTIONS } from "./zone-functions.ts";
import { TYPED_COMPARISONS } from "./type-comparison.ts";

const FUNCTIONS: ReadonlyMap<string, ScalarImplementation> = new Map(
  [
    COMPARISONS,
    EXTREMES,
    INTEGER_ARITHMETIC,
    INTEGER_BITS,
    FLOAT_ARITHMETIC,
    NUMERIC_FUNCTIONS,
    NUMBER_FORMATTING,
    CASTS,
    TEXT_FUNCTIONS,
    TEXT_LENGTH_COERCIONS,
    LIKE_FUNCTIONS,
    DATE_FUNCTIONS,
    DATE_FORMATTING,
    ZONE_FUNCTIONS,
    JSON_FUNCTIONS,
    ARRAY_FUNCTIONS,
    BYTEA_FUNCTIONS,
    ENCODINGS,
    NORMALIZATION,
    QUOTING,
    SIMILAR,
    REGEX_FUNCTIONS,
    INTERVAL_ARITHMETIC,
    INTERVAL_FIELDS,
    INTERVAL_MOMENTS,
    INTERVAL_MAKING,
    TIME_FIELDS,
    MONEY_FUNCTIONS,
    BIT_FUNCTIONS,
    NETWORK_FUNCTIONS,
    JSON_CHANGES,
    JSON_SEARCH,
    RAW_JSON,
    JSON_PAIRS,
    STRIPPED_JSON,
    JSONPATH_FUNCTIONS,
  ].flatMap((table: FunctionTable) => Object.entries(table)),
);

/** Built-ins whose body is SQL have no symbol: they go by `pg_proc.oid`, which never changes. */
const SQL_FUNCTIONS: ReadonlyMap<number, ScalarImplementation> = new Map<number, ScalarImplementation>([
  [1708, (value: Decimal) => roundDecimal(value, 0)],
  [1710, (value: Decimal) => truncateDecimal(value, 0)],
  [879, (text: string, length: number) => padText(text, length, " ", true)],
  [880, (text: string, length: number) => padText(text, length, " ", false)],
  [1384, datePart],
  [1481, decimalLogarithm],
  [1741, decimalLogarithm],
  [1810, (bytes: Buffer) => int4Checked(bytes.length * 8)],
  [1811, (text: string) => int4Checked(Buffer.byteLength(text) * 8)],
  [2550, (days: number, date: number) => addDays(date, days)],
]);

/** Implementations that need to know the types they work on. */
const TYPED_FUNCTIONS: ReadonlyMap<string, FunctionBuilder> = new Map([
  ...TYPED_COMPARISONS,
  ...Object.entries(ARRAY_SETS),
  ...Object.entries(ARRAY_TO_TEXT),
  ["trim_array", TRIM_ARRAY] as const,
  ...Object.entries(ARRAY_ORDER),
  ...Object.entries(RANGE_FUNCTIONS),
  ...Object.entries(MULTIRANGE_FUNCTIONS),
  ...Object.entries(TO_JSON),
]);

/** What PostgreSQL calls with NULLs too. */
const NULLABLE_FUNCTIONS: ReadonlyMap<string, NullableBuilder> = new Map<string, NullableBuilder>(
  [
    CONCATENATION,
    JSON_BUILDING,
    NULL_COUNTS,
    OVERLAPS,
    NULLABLE_QUOTING,
    TEXT_ARRAYS,
    TEXT_FORMAT,
    NULLABLE_SIMILAR,
    NULLABLE_ARRAY_TO_TEXT,
    ARRAY_CHANGES,
    ARRAY_SEARCH,
    ARRAY_FILL,
    JSON_SET_LAX,
    RANGE_CONSTRUCTORS,
  ].flatMap((table) => Object.entries(table)),
);

/** What PostgreSQL has as syntax. */
const CONSTRUCTORS: ReadonlyMap<string, NullableBuilder> = new Map([
  ["ARRAY", ARRAY_CONSTRUCTOR],
  ["ROW", ROW_CONSTRUCTOR],
]);

/** Under the collations C and POSIX some functions are known for more texts. */
export const C_COLLATIONS: ReadonlySet<number> = new Set([950, 951]);
const UNDER_C: ReadonlyMap<string, ScalarImplementation> = new Map(
  Object.entries({ ...C_COLLATION, ...C_REGEX_FUNCTIONS }),
);

/** The implementation of a strict function for these argument types; undefined when there is none. */
export function findFunction(
  name: string,
  functionOid: number,
  argTypes: readonly ColumnType[],
  codecs: CodecSet,
  inputCollation = 0,
): ScalarImplementation | undefined {
  if (C_COLLATIONS.has(inputCollation)) {
    const underC = UNDER_C.get(name);
    if (underC !== undefined) return underC;
  }
  if (name === "") return SQL_FUNCTIONS.get(functionOid);
  return (
    FUNCTIONS.get(name) ??
    (TYPED_FUNCTIONS.get(name) ?? ELEMENT_ACCESS.get(name) ?? ROW_JSON.get(name))?.(argTypes, codecs)
  );
}

/** The implementation of a function that is called with NULLs; undefined when there is none. */
export function findNullableFunction(
  name: string,
  argTypes: readonly ColumnType[],
  codecs: CodecSet,
): NullableImplementation | undefined {
  return (CONSTRUCTORS.get(name) ?? NULLABLE_FUNCTIONS.get(name))?.(argTypes, codecs);
}

/** Every C symbol with an implementation. */
export function supportedSymbols(): readonly string[] {
  return [...FUNCTIONS.keys(), ...TYPED_FUNCTIONS.keys(), ...NULLABLE_FUNCTIONS.keys()];
}

/** The C symbols among them of functions that are called with NULLs. */
export function nullableSymbols(): readonly string[] {
  return [...NULLABLE_FUNCTIONS.keys()];
}

/** OIDs of the SQL-bodied built-ins with an implementation. */
export function supportedSqlFunctions(): readonly number[] {
  return [...SQL_FUNCTIONS.keys()];
}
