import fc from "fast-check";
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
  "nonsense",
);
const patterns = fc.oneof(
  fc.constantFrom(
    "",
    "%",
    "_",
    "a%",
    "%c",
    "%b%",
    "abc",
    "a_c",
    "%o w%",
    "100\\%",
    "x\\\\y",
    "\\",
    "%\\",
    "A%",
    "h%o%d",
    "__",
    "日%",
  ),
  fc.array(fc.constantFrom("a", "%", "_", "b", "A", "\\a"), { maxLength: 6 }).map((parts) => parts.join("")),
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
const SPECIAL: Readonly<Record<string, readonly (fc.Arbitrary<string> | null)[]>> = {
  extract_date: [fields, null],
  extract_timestamp: [fields, null],
  timestamp_trunc: [fields, null],
  timestamp_part: [fields, null],
  timestamp_scale: [null, fc.integer({ min: -1, max: 6 }).map(String)],
  timestamptz_scale: [null, fc.integer({ min: -1, max: 6 }).map(String)],
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
  numeric_log: [fc.constantFrom("10", "2", "1", "0.5", "1.01", "-2", "0", "NaN", "Infinity"), null],
  numeric_fac: [
    fc.constantFrom("-1", "0", "1", "5", "20", "21", "100", "500", "32177", "32178", "9223372036854775807"),
  ],
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
