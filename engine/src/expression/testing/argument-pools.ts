import fc from "fast-check";
import { dateFormats, numberFormats } from "./format-pools.ts";
import { jsonPaths, pathVariables } from "./path-arbitrary.ts";
import {
  anyRegex,
  bytePatterns,
  escapes,
  greedy,
  ofAscii,
  patterns,
  plainFlags,
  regexFlags,
  similarPatterns,
  starts,
  subjects,
  templates,
} from "./pattern-pools.ts";
import { valuesOf } from "./value-pools.ts";

const numericTypmod = (precision: number, scale: number): string => String(((precision << 16) | (scale & 0x7ff)) + 4);

const fields = fc.constantFrom(
  "year",
  "month",
  "day",
  "quarter",
  "week",
  "decade",
  "century",
  "millennium",
  "isoyear",
  "dow",
  "isodow",
  "doy",
  "epoch",
  "hour",
  "minute",
  "second",
  "milliseconds",
  "microseconds",
  "julian",
  "timezone",
  "timezone_hour",
  "timezone_minute",
  "HOURS",
  "mons",
  "microsecon",
  "qtr",
  "nonsense",
);
const smallCounts = fc.integer({ min: -5, max: 12 }).map(String);
const precisions = fc.constantFrom(
  "-1",
  numericTypmod(5, 2),
  numericTypmod(10, 0),
  numericTypmod(3, 3),
  numericTypmod(30, 10),
  numericTypmod(2, 4),
  numericTypmod(3, -2),
  numericTypmod(1000, 500),
);
const lengths = fc.constantFrom("-1", "5", "7", "9", "40");
const keys = fc.constantFrom("a", "b", "", 'e"q', "four", "text", "missing");
const jsonParts = fc.oneof(
  valuesOf("jsonb").map((text) => text ?? "null"),
  fc.constantFrom('{"a": 1}', '"a"', "[1]", "1.0", '{"b": {}}', "[[2]]", "[]", "{}", '{"a": [3, 1]}', '[{"a": 1}]'),
);
const paths = fc
  .array(fc.constantFrom("a", "b", "c", "d", "0", "1", "-1", "2", "-5", "9", "", "x", "+1", "NULL"), { maxLength: 3 })
  .map((parts) => `{${parts.map((part) => (part === "NULL" ? part : `"${part}"`)).join(",")}}`);
const keyLists = fc
  .array(fc.constantFrom("a", "b", "two", "four", "", "NULL", "missing"), { maxLength: 3 })
  .map((parts) => `{${parts.map((part) => (part === "NULL" ? part : `"${part}"`)).join(",")}}`);
const pairLists = fc.constantFrom(
  "{}",
  "{a,1,b,NULL}",
  "{a,1,a,2}",
  "{a}",
  "{NULL,1}",
  "{{b,1},{a,2}}",
  "{{a,b,c}}",
  "{{{a,b}}}",
  '{"x\\"y","é\\\\"}',
);
const sizeLists = fc.constantFrom("{}", "{3}", "{2,2}", "{0}", "{1,NULL}", "{{1}}", "{2,1,1,1,1,1,1}", "{-1}", "{1,3}");

const smallIntegers = fc.integer({ min: 0, max: 8 }).map(String);
const charsets = fc.constantFrom("UTF8", "utf-8", "Utf_8");
const formats = fc.constantFrom("hex", "HEX", "base64", "escape");
const encoded = fc.constantFrom("", "00ff", "abcd", "0a1b2c3d", "00ff00FF", "abcd", "YWJj", "Y W\nJj", "a\\b", "\\377");
const forms = fc.constantFrom("NFC", "nfd", "NFKC", "NFKD");
const unicodeTexts = fc.constantFrom(
  "",
  "abc",
  "é",
  "e\u0301",
  "ﬁ",
  "한국",
  "\u1112\u1161\u11ab",
  "ſ\u0307\u0323",
  "が",
  "Ａ",
);
const formatTexts = fc
  .array(
    fc.constantFrom(
      "a",
      "%s",
      "%%",
      "%1$s",
      "%L",
      "%5s|",
      "%-5s|",
      "%2$s",
      "%*s",
      "%",
      "%x",
      "%0$s",
      "%*1$s",
      "é",
      "%-3L",
      "%1$-4s",
    ),
    { maxLength: 4 },
  )
  .map((pieces) => pieces.join(""));
const separators = fc.constantFrom(",", "a", "aa", "", " ", "b", "😀");
const zones = fc.constantFrom("UTC", "GMT", "Etc/GMT+5", "Etc/GMT-14", "utc", "Zulu");
const zoneIntervals = fc.constantFrom("0", "02:00", "-05:30", "15:59:59.5", "-00:00:00.5", "25:00", "1 day", "1 mon");
const monthNumbers = fc.integer({ min: 0, max: 13 }).map(String);
const dayNumbers = fc.integer({ min: 0, max: 31 }).map(String);
const hours = fc.integer({ min: -1, max: 25 }).map(String);
const seconds = fc.constantFrom("0", "1.5", "59.999999", "60", "60.5", "-1", "12.3456789", "NaN");
const parts = fc.constantFrom("0", "1", "-3", "100", "2147483647", "-2147483648");
const strides = fc.constantFrom(
  "1 day",
  "15 min",
  "00:00:00.000007",
  "1 month",
  "0",
  "-1 day",
  "1 day -00:30",
  "1000 days",
);
const spans = fc.constantFrom("01:00", "-00:00:01.5", "100000:00", "0", "1 day");
const unixSeconds = fc.constantFrom("0", "1", "-1", "1700000000", "1e12", "1e15", "Infinity", "-Infinity", "0.5");
const powers = fc.constantFrom(
  "0",
  "1",
  "2",
  "3",
  "-1",
  "-2",
  "10",
  "0.5",
  "-0.5",
  "1.5",
  "2.0",
  "0.3333",
  "100",
  "-30",
  "1234567",
  "99999999999",
  "NaN",
  "Infinity",
  "-Infinity",
);
const buckets = fc.constantFrom("-1", "0", "1", "3", "10", "1000", "2147483647");
const factors = fc.oneof(
  fc.constantFrom("0", "1", "-1", "0.5", "1.5", "-2.5", "0.1", "3", "7", "1e9", "1e-9", "1e300", "NaN", "Infinity"),
  fc.double({ min: -1000, max: 1000, noNaN: true }).map(String),
);
const bounds = fc.constantFrom("-1.5", "0", "1", "1.0", "1.5", "2", "3", "5", "NaN", "Infinity");
const scales = fc.integer({ min: -6, max: 12 }).map(String);
const codePoints = fc.constantFrom("-1", "0", "65", "233", "8364", "55296", "65535", "128512", "1114111", "1114112");
const years = fc.constantFrom(
  "-4714",
  "-44",
  "-1",
  "0",
  "1",
  "4",
  "1900",
  "2000",
  "2023",
  "2024",
  "5874897",
  "5874898",
  "2147483647",
);

/** Arguments of certain functions that random ones would seldom suit; by C symbol and position. */
const SPECIAL: Readonly<Record<string, readonly (fc.Arbitrary<string | null> | null)[]>> = {
  timestamp_to_char: [null, dateFormats],
  int4_to_char: [null, numberFormats],
  int8_to_char: [null, numberFormats],
  numeric_to_char: [null, numberFormats],
  extract_date: [fields, null],
  extract_timestamp: [fields, null],
  timestamp_trunc: [fields, null],
  timestamp_part: [fields, null],
  timestamp_scale: [null, fc.integer({ min: -1, max: 6 }).map(String)],
  timestamptz_scale: [null, fc.integer({ min: -1, max: 6 }).map(String)],
  extract_interval: [fields, null],
  interval_trunc: [fields, null],
  extract_time: [fields, null],
  extract_timetz: [fields, null],
  time_part: [fields, null],
  timetz_part: [fields, null],
  make_time: [hours, fc.integer({ min: -1, max: 60 }).map(String), seconds],
  make_interval: [parts, parts, parts, parts, parts, parts, seconds],
  timestamp_bin: [strides, null, null],
  timestamptz_bin: [strides, null, null],
  timestamptz_pl_interval: [null, spans],
  timestamptz_mi_interval: [null, spans],
  interval_part: [fields, null],
  interval_scale: [null, fc.constantFrom("-1", ...[0, 1, 3, 6].map((digits) => String((0x7fff << 16) | digits)))],
  interval_mul: [null, factors],
  mul_d_interval: [factors, null],
  interval_div: [null, factors],
  cash_mul_flt8: [null, factors],
  flt8_mul_cash: [factors, null],
  cash_div_flt8: [null, factors],
  time_scale: [null, fc.integer({ min: -1, max: 6 }).map(String)],
  timetz_scale: [null, fc.integer({ min: -1, max: 6 }).map(String)],
  bitshiftleft: [null, smallCounts],
  bitshiftright: [null, smallCounts],
  bitsubstr: [null, smallCounts, smallCounts],
  bitsubstr_no_len: [null, smallCounts],
  bitgetbit: [null, smallCounts],
  bitsetbit: [null, smallCounts, fc.constantFrom("0", "1", "2")],
  bit: [null, smallCounts, null],
  varbit: [null, smallCounts, null],
  bitfromint4: [null, fc.constantFrom("1", "8", "31", "32", "33", "40")],
  bitfromint8: [null, fc.constantFrom("1", "8", "31", "32", "33", "64", "70")],
  bitposition: [null, fc.constantFrom("", "1", "10", "01", "000")],
  inet_set_masklen: [null, fc.constantFrom("-1", "0", "8", "32", "33", "64", "128", "129")],
  cidr_set_masklen: [null, fc.constantFrom("-1", "0", "8", "32", "33", "64", "128", "129")],
  range_contains_elem: [null, bounds],
  elem_contained_by_range: [bounds, null],
  range_constructor3: [null, null, fc.constantFrom("[]", "[)", "(]", "()", "[x")],
  array_length: [null, smallCounts],
  array_upper: [null, smallCounts],
  array_lower: [null, smallCounts],
  numeric: [null, precisions],
  varchar: [null, lengths, null],
  bpchar: [null, lengths, null],
  textlike: [null, patterns],
  textnlike: [null, patterns],
  texticlike: [null, patterns],
  texticnlike: [null, patterns],
  namelike: [null, patterns],
  namenlike: [null, patterns],
  repeat: [null, smallCounts],
  lpad: [null, smallCounts, null],
  rpad: [null, smallCounts, null],
  text_substr: [null, smallCounts, smallCounts],
  text_substr_no_len: [null, smallCounts],
  text_left: [null, smallCounts],
  text_right: [null, smallCounts],
  split_part: [null, fc.constantFrom(",", "a", "aa", "", " ", ",,", "😀"), smallCounts],
  numeric_round: [null, scales],
  numeric_trunc: [null, scales],
  jsonb_object_field: [null, keys],
  jsonb_object_field_text: [null, keys],
  jsonb_exists: [null, keys],
  jsonb_array_element: [null, smallCounts],
  jsonb_array_element_text: [null, smallCounts],
  chr: [codePoints],
  numeric_power: [null, powers],
  timestamptz_zone: [zones, null],
  timestamp_zone: [zones, null],
  timestamptz_trunc_zone: [fields, null, zones],
  timestamptz_izone: [zoneIntervals, null],
  timestamp_izone: [zoneIntervals, null],
  timetz_izone: [zoneIntervals, null],
  make_timestamp: [years, monthNumbers, dayNumbers, hours, fc.integer({ min: -1, max: 60 }).map(String), seconds],
  float8_timestamptz: [unixSeconds],
  extract_timestamptz: [fc.constantFrom("epoch", "EPOCH"), null],
  timestamptz_part: [fc.constantFrom("epoch", "EPOCH"), null],
  jsonb_path_exists: [null, jsonPaths, pathVariables, null],
  jsonb_path_match: [null, jsonPaths, pathVariables, null],
  jsonb_path_query_array: [null, jsonPaths, pathVariables, null],
  jsonb_path_query_first: [null, jsonPaths, pathVariables, null],
  jsonb_path_exists_opr: [null, jsonPaths],
  jsonb_path_match_opr: [null, jsonPaths],
  jsonb_contains: [null, jsonParts],
  jsonb_contained: [jsonParts, null],
  jsonb_delete: [null, keys],
  jsonb_delete_array: [null, keyLists],
  jsonb_delete_idx: [null, smallCounts],
  jsonb_delete_path: [null, paths],
  jsonb_set: [null, paths, jsonParts, null],
  jsonb_insert: [null, paths, jsonParts, null],
  jsonb_set_lax: [
    null,
    paths,
    fc.oneof(jsonParts, fc.constant(null)),
    null,
    fc.constantFrom("use_json_null", "delete_key", "return_target", "raise_exception", "nonsense"),
  ],
  json_object: [pairLists],
  jsonb_object: [pairLists],
  json_object_two_arg: [keyLists, keyLists],
  jsonb_object_two_arg: [keyLists, keyLists],
  array_fill: [null, sizeLists],
  array_fill_with_lower_bounds: [null, sizeLists, sizeLists],
  bitoverlay: [null, null, smallCounts, smallCounts],
  bitoverlay_no_len: [null, null, smallCounts],
  jsonb_exists_any: [null, keyLists],
  jsonb_exists_all: [null, keyLists],
  jsonb_extract_path: [null, paths],
  jsonb_extract_path_text: [null, paths],
  json_extract_path: [null, paths],
  json_extract_path_text: [null, paths],
  json_object_field: [null, keys],
  json_object_field_text: [null, keys],
  json_array_element: [null, smallCounts],
  json_array_element_text: [null, smallCounts],
  textregexeq: [subjects, anyRegex],
  textregexne: [subjects, anyRegex],
  nameregexeq: [subjects, anyRegex],
  nameregexne: [subjects, anyRegex],
  texticregexeq: [subjects, ofAscii],
  texticregexne: [subjects, ofAscii],
  nameicregexeq: [subjects, ofAscii],
  nameicregexne: [subjects, ofAscii],
  regexp_like: [subjects, anyRegex, plainFlags],
  regexp_like_no_flags: [subjects, anyRegex],
  textregexsubstr: [subjects, anyRegex],
  regexp_match: [subjects, greedy, plainFlags],
  regexp_match_no_flags: [subjects, anyRegex],
  regexp_split_to_array: [subjects, anyRegex, plainFlags],
  regexp_split_to_array_no_flags: [subjects, anyRegex],
  textregexreplace_noopt: [subjects, anyRegex, templates],
  textregexreplace: [subjects, anyRegex, templates, regexFlags],
  textregexreplace_extended_no_n: [subjects, anyRegex, templates, starts],
  textregexreplace_extended_no_flags: [subjects, anyRegex, templates, starts, fc.constantFrom("0", "1", "2")],
  regexp_count: [subjects, anyRegex, starts, plainFlags],
  regexp_count_no_start: [subjects, anyRegex],
  regexp_count_no_flags: [subjects, anyRegex, starts],
  regexp_substr: [subjects, greedy, starts, starts, plainFlags, fc.constantFrom("0", "1", "2")],
  regexp_substr_no_start: [subjects, anyRegex],
  regexp_substr_no_n: [subjects, anyRegex, starts],
  regexp_substr_no_flags: [subjects, anyRegex, starts, starts],
  regexp_substr_no_subexpr: [subjects, anyRegex, starts, starts, plainFlags],
  trim_array: [null, smallCounts],
  array_append: [null, smallIntegers],
  array_prepend: [smallIntegers, null],
  array_remove: [null, smallIntegers],
  array_replace: [null, smallIntegers, smallIntegers],
  array_position: [null, smallIntegers],
  array_position_start: [null, smallIntegers, smallIntegers],
  array_positions: [null, smallIntegers],
  textoverlay: [null, null, smallCounts, smallCounts],
  textoverlay_no_len: [null, null, smallCounts],
  byteaoverlay: [null, null, smallCounts, smallCounts],
  byteaoverlay_no_len: [null, null, smallCounts],
  bytea_substr: [null, smallCounts, smallCounts],
  bytea_substr_no_len: [null, smallCounts],
  byteaGetByte: [null, smallCounts],
  byteaSetByte: [null, smallCounts, null],
  byteaGetBit: [null, smallCounts],
  byteaSetBit: [null, smallCounts, fc.constantFrom("0", "1", "2", "-1")],
  pg_convert_from: [fc.constantFrom("\\x", "\\x616263", "\\xc3a9", "\\xff"), charsets],
  pg_convert_to: [null, charsets],
  binary_encode: [null, formats],
  binary_decode: [encoded, formats],
  unicode_normalize_func: [unicodeTexts, forms],
  unicode_is_normalized: [unicodeTexts, forms],
  bytealike: [null, bytePatterns],
  byteanlike: [null, bytePatterns],
  similar_escape: [similarPatterns, escapes],
  similar_to_escape_1: [similarPatterns],
  similar_to_escape_2: [similarPatterns, escapes],
  text_format: [formatTexts, null],
  text_format_nv: [formatTexts],
  like_escape: [patterns, fc.constantFrom("", "\\", "!", "%", "a", "ab")],
  text_to_array: [null, separators],
  text_to_array_null: [null, separators, fc.constantFrom("", "a", "b", "NULL")],
  numeric_log: [fc.constantFrom("10", "2", "1", "0.5", "1.01", "-2", "0", "NaN", "Infinity"), null],
  numeric_fac: [fc.constantFrom("-1", "0", "1", "5", "20", "21", "100", "500", "32178", "9223372036854775807")],
  width_bucket_numeric: [null, null, null, buckets],
  width_bucket_float8: [null, null, null, buckets],
  make_date: [years, fc.integer({ min: 0, max: 13 }).map(String), fc.integer({ min: 0, max: 32 }).map(String)],
};

/** The same for built-ins with a body in SQL, by name. */
const SPECIAL_SQL: Readonly<Record<string, readonly (fc.Arbitrary<string> | null)[]>> = {
  lpad: [null, smallCounts],
  rpad: [null, smallCounts],
  date_part: [fields, null],
};

/** Argument lists for one signature of a function. */
export function argumentsOf(
  symbol: string,
  name: string,
  typeNames: readonly string[],
): fc.Arbitrary<(string | null)[]> {
  return fc.tuple(
    ...typeNames.map((typeName, position) => {
      const special = (symbol === "" ? SPECIAL_SQL[name] : SPECIAL[symbol])?.[position];
      return special === undefined || special === null ? valuesOf(typeName) : fc.option(special, { freq: 20 });
    }),
  );
}
