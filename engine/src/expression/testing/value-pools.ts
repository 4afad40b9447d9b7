import fc from "fast-check";

/** Literal texts of values per type name (`pg_type.typname`), the awkward ones first; NULL comes on top. */
const EDGES: Readonly<Record<string, readonly string[]>> = {
  bool: ["true", "false"],
  int2: ["0", "1", "-1", "2", "-7", "100", "32767", "-32768"],
  int4: ["0", "1", "-1", "2", "3", "-7", "31", "32", "1000", "2147483647", "-2147483648"],
  int8: ["0", "1", "-1", "2", "10", "-7", "4294967296", "-2147483649", "9223372036854775807", "-9223372036854775808"],
  oid: ["0", "1", "2147483648", "4294967295"],
  float4: [
    "0",
    "-0",
    "1",
    "-1.5",
    "2.5",
    "0.1",
    "16777217",
    "3.4028235e38",
    "-3.4e38",
    "1e-45",
    "1e-30",
    "NaN",
    "Infinity",
    "-Infinity",
  ],
  float8: [
    "0",
    "-0",
    "1",
    "-1",
    "0.5",
    "1.5",
    "2.5",
    "-2.5",
    "0.1",
    "1e15",
    "100000000000000.5",
    "4503599627370497.5",
    "1.7976931348623157e308",
    "-1e308",
    "5e-324",
    "2.2250738585072014e-308",
    "9223372036854775807",
    "2147483647.5",
    "-2147483648.5",
    "32767.5",
    "3.5e38",
    "1e-46",
    "123456789.123456789",
    "NaN",
    "Infinity",
    "-Infinity",
  ],
  numeric: [
    "0",
    "0.000",
    "1",
    "-1",
    "1.50",
    "2.5",
    "-2.5",
    "0.5",
    "0.005",
    "-0.0001",
    "3",
    "7",
    "99.995",
    "12345678901234567890.123456789",

    "9999",
    "10000",
    "10001",
    "0.00009999",
    "1e30",
    "-1e-20",
    "32767.5",
    "2147483647.4",
    "2147483647.5",
    "9223372036854775807.5",
    "1e308",
    "1e309",
    "1e-400",
    "16777217",
    "3.40282357e38",
    "NaN",
    "Infinity",
    "-Infinity",
  ],
  text: [
    "",
    " ",
    "a",
    "abc",
    "ABC def",
    "  padded  ",
    "a,b,,c",
    "aaa",
    "aab",
    "hello world",
    "Hello-World 2x",
    "100%",
    "a_c",
    "\\",
    "x\\y",
    "é",
    "ñandú",
    "日本語",
    "😀",
    "a😀b😀c",
    "\uffff",
    "\u{10000}",
    "tab\there",
    "line\nbreak",
    "A".repeat(60),
  ],
  name: ["", "a", "abc", "Name", "é"],
  bytea: ["\\x", "\\x00", "\\x00ff", "\\x616263", "\\xff"],
  uuid: [
    "00000000-0000-0000-0000-000000000000",
    "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
  ],
  date: [
    "2000-01-01",
    "1999-12-31",
    "2024-02-29",
    "2024-12-30",
    "1970-01-01",
    "1900-03-01",
    "2000-02-29",
    "0001-01-01",

    "0001-12-31 BC",
    "0100-06-15 BC",
    "4714-11-24 BC",
    "5874897-12-31",
    "294276-12-31",
    "294277-01-01",
    "infinity",
    "-infinity",
  ],
  timestamp: [
    "2000-01-01 00:00:00",
    "1999-12-31 23:59:59.999999",
    "2024-02-29 12:34:56.789012",
    "1970-01-01 00:00:00",
    "2021-01-03 10:00",

    "0001-01-01 00:00:00",
    "0044-03-15 12:00:00 BC",
    "4714-11-24 00:00:00 BC",
    "294276-12-31 23:59:59.999999",
    "infinity",
    "-infinity",
  ],
  timestamptz: ["2000-01-01 00:00:00+00", "2024-02-29 12:34:56.789012+05:30", "infinity", "-infinity"],
  json: ["null", " 1.50 ", '"\\u00e9"', '{"b": 1, "a": [ 1,2 ], "b": null}', "[]", "1e2"],
  jsonb: [
    "null",
    "true",
    "1",
    "1.0",
    "1.50",
    "-0.5e3",
    "2147483648.5",
    '"text"',
    '"1"',
    "[]",
    "{}",
    '[1, "two", null, [3], {"four": 4}]',
    '{"a": 1, "b": {"c": [1, 2, {"d": "x,y}"}]}, "e\\"q": "\\u00e9\\n", "": null}',
    '["a", "b"]',
    '{"a": "a", "b": null}',
  ],
  interval: [
    "0",
    "1 month",
    "30 days",
    "-30 days",
    "1 day",
    "24:00:00",
    "-00:00:00.000001",
    "1 year 2 mons -3 days 04:05:06.789",
    "-1 year -2 mons +3 days -04:05:06.789",
    "1.5 sec",
    "-11 mons",
    "45 days 36:00:00",
    "178956970 years 7 mons",
    "2147483647 days",
    "-2147483648 days",
    "2562047788:00:54.775807",
    "infinity",
    "-infinity",
  ],
  time: ["00:00", "24:00:00", "12:34:56.789012", "23:59:59.999999", "06:00"],
  timetz: ["00:00+00", "24:00:00-15:59", "12:34:56.789012+05:30", "01:00+01", "02:00+02", "23:00-08"],
  money: ["0", "0.01", "-1.00", "1234.56", "-92233720368547758.08", "92233720368547758.07", "7.77"],
  bit: ["", "0", "1", "10", "101010101", "00000000", "11111111000000001"],
  varbit: ["", "0", "1", "10", "101010101", "00000000", "11111111000000001"],
  inet: [
    "10.0.0.1",
    "10.0.0.1/8",
    "10.0.0.0/8",
    "10.0.0.0/9",
    "0.0.0.0/0",
    "255.255.255.255",
    "192.168.1.5/24",
    "::",
    "::1",
    "::ffff:1.2.3.4",
    "2001:db8::1/32",
    "2001:db8::/64",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
  ],
  cidr: ["10.0.0.0/8", "10.0.0.0/9", "10.0.0.1/32", "0.0.0.0/0", "::/0", "2001:db8::/32"],
  macaddr: ["00:00:00:00:00:00", "08:00:2b:01:02:03", "ff:ff:ff:ff:ff:ff", "12:34:56:78:90:ab"],
  macaddr8: ["00:00:00:00:00:00:00:00", "08:00:2b:ff:fe:01:02:03", "ff:ff:ff:ff:ff:ff:ff:ff"],
  xid: ["0", "1", "4294967295"],
  cid: ["0", "1", "4294967295"],
  tid: ["(0,0)", "(0,1)", "(1,0)", "(4294967295,65535)"],
  xid8: ["0", "1", "18446744073709551615"],
  pg_lsn: ["0/0", "0/1", "1/0", "FFFFFFFF/FFFFFFFF"],
  mood: ["sad", "ok", "happy"],
  _int4: ["{}", "{1}", "{1,2,3}", "{3,2,1}", "{1,NULL,3}", "{{1,2},{3,4}}", "[0:1]={1,2}"],
  _text: ["{}", "{a}", "{a,b,NULL}", '{"","x y"}'],
};

const ALIASES: Readonly<Record<string, string>> = { varchar: "text", anyenum: "mood", anyarray: "_int4" };

const characters = fc.constantFrom("a", "b", "A", "z", " ", "%", "_", "1", "é", "😀");
const digits = (max: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9]{1,${max}}$`));

/** Random values besides the edges. */
const RANDOM: Readonly<Record<string, fc.Arbitrary<string>>> = {
  int2: fc.integer({ min: -300, max: 300 }).map(String),
  int4: fc.oneof(fc.integer({ min: -50_000, max: 50_000 }), fc.integer()).map(String),
  int8: fc.oneof(fc.integer(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map(String),
  float4: fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => String(Math.fround(value))),
  float8: fc
    .oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.double({ min: -1e6, max: 1e6, noNaN: true }))
    .map(String),
  numeric: fc
    .tuple(fc.constantFrom("", "-"), digits(14), fc.option(digits(10)), fc.integer({ min: -8, max: 8 }))
    .map(
      ([sign, whole, fraction, exponent]) => `${sign}${whole}${fraction === null ? "" : `.${fraction}`}e${exponent}`,
    ),
  text: fc.array(characters, { maxLength: 8 }).map((parts) => parts.join("")),
  date: fc
    .date({ min: new Date("0002-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10)),
  timestamp: fc
    .tuple(
      fc.date({ min: new Date("0002-01-01"), max: new Date("9999-12-31"), noInvalidDate: true }),
      fc.integer({ min: 0, max: 999 }),
    )
    .map(([date, micros]) => `${date.toISOString().slice(0, 23)}${String(micros).padStart(3, "0")}`),
};

/** Values of a type as literal texts, null for NULL. bpchar takes what text does. */
export function valuesOf(typeName: string): fc.Arbitrary<string | null> {
  const name = ALIASES[typeName] ?? typeName;
  const source = name === "bpchar" ? "text" : name;
  const edges = EDGES[source];
  if (edges === undefined) throw new Error(`no values for type ${typeName}`);
  const random = RANDOM[source];
  const edge = fc.constantFrom(...edges);
  const value =
    random === undefined ? edge : fc.oneof({ weight: 2, arbitrary: edge }, { weight: 1, arbitrary: random });
  return fc.option(value, { freq: 12 });
}

export function hasValues(typeName: string): boolean {
  return (ALIASES[typeName] ?? typeName) === "bpchar" || EDGES[ALIASES[typeName] ?? typeName] !== undefined;
}
