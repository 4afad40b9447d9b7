import { runsMultiplier, sampleSeed } from "@freshet/base";
import fc from "fast-check";

/** Seed of the sampled values; printed by vitest with a failure through the label. */
export const SEED: number = sampleSeed();
export const RUNS_MULTIPLIER: number = runsMultiplier();

function sample(arbitrary: fc.Arbitrary<string>, count: number): string[] {
  return fc.sample(arbitrary, { seed: SEED, numRuns: count * RUNS_MULTIPLIER });
}

/** PostgreSQL's text has no NUL. */
const text = fc.string({ unit: "binary", maxLength: 12 }).map((value) => value.replaceAll("\0", ""));
const trickyText = fc.oneof(
  text,
  fc.string({
    unit: fc.constantFrom(
      "a",
      "b",
      "A",
      " ",
      "\u0001",
      "\u00ff",
      "é",
      "€",
      "\u{1f600}",
      "\uffff",
      "ab",
      "\t",
      '"',
      "\\",
      "{",
      "}",
      ",",
      "NULL",
    ),
    maxLength: 6,
  }),
);

export function texts(): string[] {
  return [
    "",
    " ",
    "  ",
    "a",
    "a ",
    "a  ",
    "ab",
    "a\u0001",
    "NULL",
    "null",
    "it's",
    "\\",
    '"',
    ...sample(trickyText, 1500),
  ];
}

const digits = (min: number, max: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom("0", "0", "1", "5", "9", "7", "3"), minLength: min, maxLength: max });
const sign = fc.constantFrom("", "-", "+");

export function integers(bits: number): string[] {
  const max = 2n ** BigInt(bits - 1);
  const near = [
    0n,
    1n,
    -1n,
    2n,
    -2n,
    9n,
    10n,
    255n,
    256n,
    -255n,
    -256n,
    127n,
    128n,
    -128n,
    -129n,
    max - 1n,
    max - 2n,
    -max,
    1n - max,
    1n << 31n,
    1n << 32n,
    -(1n << 32n),
    (1n << 53n) - 1n,
    1n << 53n,
    -(1n << 53n),
    -(1n << 53n) - 1n,
  ];
  const random = fc.oneof(fc.bigInt({ min: -max, max: max - 1n }), fc.bigInt({ min: -1000n, max: 1000n }));
  const listed = near.filter((value) => value >= -max && value < max).map(String);
  return [...listed, " 7", "+7", "-0", "007 ", "\t7\n", ...sample(random.map(String), 1000)];
}

export function numerics(): string[] {
  const plain = fc.tuple(sign, digits(1, 45), digits(0, 45)).map(([s, i, f]) => (f === "" ? s + i : `${s}${i}.${f}`));
  const small = fc.tuple(sign, digits(1, 3), digits(0, 3)).map(([s, i, f]) => (f === "" ? s + i : `${s}${i}.${f}`));
  const scientific = fc
    .tuple(sign, digits(1, 9), digits(0, 9), fc.integer({ min: -40, max: 40 }))
    .map(([s, i, f, e]) => `${s}${i}.${f}e${e}`);
  const listed = [
    "0",
    "0.0",
    "0.00",
    "-0",
    "-0.000",
    "1",
    "1.0",
    "1.00",
    "10",
    "1e1",
    "NaN",
    "nan",
    "Infinity",
    "inf",
    "-Infinity",
    "-inf",
    "+Infinity",
    "9999",
    "10000",
    "10001",
    "0.0001",
    "0.00001",
    "-0.0001",
    "-0.00001",
    "1e-16383",
    "1e1000",
    "-1e1000",
    "1e131071",
    "99999999",
    "100000000",
    ".5",
    "5.",
    "-.5e-3",
    " 1.5 ",
    "1.5E+2",
  ];
  return [...listed, ...sample(fc.oneof(plain, small, small, scientific), 2000)];
}

const view = new DataView(new ArrayBuffer(8));

function float64(bits: bigint): number {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

function float32(bits: number): number {
  view.setUint32(0, bits);
  return view.getFloat32(0);
}

const FLOAT_WORDS = [
  "NaN",
  "nan",
  "Infinity",
  "inf",
  "-Infinity",
  "-inf",
  "0",
  "-0",
  "0.0",
  "-0.0",
  "1",
  "-1",
  "1.5",
  " 2.5 ",
  ".5",
  "5.",
  "1e3",
  "1E-3",
  "100000",
  "999999",
  "1000000",
  "9999999",
  "123456",
  "1234567",
  "0.0001",
  "0.00001",
  "0.000123456789",
];

export function float8s(): string[] {
  const powersOfTwo = Array.from({ length: 2098 }, (_, index) => String(2 ** (index - 1074)));
  const neighbours = Array.from(
    { length: 600 },
    (_, index) => 2 ** (53 + (index % 60)) * (1 + Math.floor(index / 60) / 16),
  );
  const powersOfTen = Array.from({ length: 600 }, (_, index) => `1e${index - 300}`);
  const bits = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((value) => String(float64(value)));
  const short = fc.tuple(sign, digits(1, 17), fc.integer({ min: -25, max: 25 })).map(([s, d, e]) => `${s}${d}e${e}`);
  const decimal = fc
    .tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 6 }))
    .map(([value, scale]) => String(value / 10 ** scale));
  const ryu = [
    "9007199254740993",
    "9.5e-3",
    "5e-324",
    "1.7976931348623157e308",
    "2.2250738585072014e-308",
    "4.35",
    "1e15",
    "1e14",
    "999999999999999",
    "123456789012345678",
    "9223372036854775807",
    "18014398509481985",
    "5.960464477539063e-08",
    "9.5367431640625e-07",
    "144115188075855870",
    "5764607523034235e6",
    "1.152921504606847e18",
    "2.305843009213694e18",
    "1e22",
    "1e23",
    "5e22",
  ];
  return [
    ...FLOAT_WORDS,
    ...ryu,
    ...powersOfTwo,
    ...neighbours.map(String),
    ...powersOfTen,
    ...sample(fc.oneof(bits, short, decimal), 3000),
  ];
}

export function float4s(): string[] {
  const powersOfTwo = Array.from({ length: 277 }, (_, index) => String(2 ** (index - 149)));
  const powersOfTen = Array.from({ length: 70 }, (_, index) => `1e${index - 32}`).slice(0, 70);
  const bits = fc.integer({ min: 0, max: 0xffff_ffff }).map((value) => String(float32(value)));
  const small = fc.integer({ min: 0x4b00_0000, max: 0x5400_0000 }).map((value) => String(float32(value)));
  const short = fc.tuple(sign, digits(1, 9), fc.integer({ min: -12, max: 12 })).map(([s, d, e]) => `${s}${d}e${e}`);
  return [
    ...FLOAT_WORDS,
    "16777216",
    "16777217",
    "33554432",
    "8388608",
    "3.4028235e38",
    "1.4e-45",
    "1.1754944e-38",
    ...powersOfTwo,
    ...powersOfTen.filter((value) => Number(value) < 3e38),
    ...sample(fc.oneof(bits, bits, small, short), 3000),
  ];
}

export function byteas(): string[] {
  const bytes = fc.uint8Array({ maxLength: 12 }).map((value) => `\\x${Buffer.from(value).toString("hex")}`);
  const few = fc
    .array(fc.constantFrom("00", "01", "ff", "5c", "27", "7f", "80", "20"), { maxLength: 5 })
    .map((value) => `\\x${value.join("")}`);
  return [
    "\\x",
    "",
    "abc",
    "\\x00",
    "\\x0000",
    "\\x00ff",
    "\\x0001",
    "\\xDEADbeef",
    ...sample(fc.oneof(bytes, few), 1000),
  ];
}

export function uuids(): string[] {
  const random = sample(fc.uuid(), 300);
  return [
    ...random,
    ...random.slice(0, 20).map((value) => value.toUpperCase()),
    ...random.slice(0, 20).map((value) => `{${value.replaceAll("-", "")}}`),
  ];
}

/** Days since 2000-01-01. */
export function days(): number[] {
  const random = fc.oneof(
    fc.integer({ min: -2_451_545, max: 2_145_031_948 }),
    fc.integer({ min: -800_000, max: 800_000 }),
    fc.integer({ min: -20_000, max: 20_000 }),
  );
  const listed = [
    0, 1, -1, -2_451_545, 2_145_031_948, 0x7fff_ffff, -0x8000_0000, -730_119, -730_120, -730_485, 2_921_939, 2_921_940,
  ];
  return [...listed, ...sample(random.map(String), 1500).map(Number)];
}

/** Microseconds since 2000-01-01 00:00. */
export function micros(): bigint[] {
  const min = -211_813_488_000_000_000n;
  const max = 9_223_371_331_199_999_999n;
  const random = fc.oneof(
    fc.bigInt({ min, max }),
    fc.bigInt({ min: -2_000_000_000_000_000n, max: 2_000_000_000_000_000n }),
    fc.bigInt({ min: -2_000_000_000n, max: 2_000_000_000n }).map((value) => value * 1_000_000n),
    fc.bigInt({ min: -2_000_000_000_000n, max: 2_000_000_000_000n }).map((value) => value * 1000n),
  );
  return [
    0n,
    1n,
    -1n,
    100n,
    -100n,
    500_000n,
    min,
    max,
    (1n << 63n) - 1n,
    -(1n << 63n),
    ...sample(random.map(String), 1500).map(BigInt),
  ];
}

const jsonNumber = fc.oneof(
  fc.constantFrom(
    "0",
    "-0",
    "0.0",
    "-0.00",
    "1",
    "1.0",
    "1.00",
    "10",
    "1e1",
    "1E+1",
    "1.5e3",
    "1e-5",
    "1.230e-2",
    "1e30",
    "123456789012345678901234567890.10",
  ),
  fc.integer().map(String),
);
const jsonString = fc.oneof(
  fc.string({ unit: "binary", maxLength: 5 }).map((value) => JSON.stringify(value.replaceAll("\0", ""))),
  fc.constantFrom(
    '""',
    '"a"',
    '"b"',
    '"aa"',
    '"\\u0061"',
    '"\\/"',
    '"\\ud83d\\ude00"',
    '"\\u0001\\u001f"',
    '"\\b\\f\\n\\r\\t\\"\\\\"',
    '"\u007f\u2028"',
    '"é"',
  ),
);

const { value: jsonText } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: "json" },
    jsonNumber,
    jsonString,
    fc.constantFrom("true", "false", "null"),
    tie("array"),
    tie("object"),
  ),
  array: fc.array(tie("value"), { maxLength: 3, depthIdentifier: "json" }).map((items) => `[${items.join(" , ")}]`),
  object: fc
    .array(fc.tuple(jsonString, tie("value")), { maxLength: 4, depthIdentifier: "json" })
    .map((members) => ` {${members.map(([key, value]) => `${key}\n:${value}`).join(",")}}`),
}));

export function jsons(): string[] {
  return [
    "{}",
    "[]",
    " [ ] ",
    "null",
    '{"b":1,"a":2,"aa":3,"b":4}',
    "[1,[1,[1]]]",
    "[[],{}]",
    '{"a":{},"":[]}',
    ...sample(jsonText, 2000),
  ];
}

function quoted(value: string): string {
  return `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** Array texts over `items`: NULLs, two dimensions, explicit bounds; elements always quoted. */
export function arrays(items: readonly string[]): string[] {
  const element = fc.oneof(
    { arbitrary: fc.constantFrom(...items).map(quoted), weight: 5 },
    { arbitrary: fc.constant("NULL"), weight: 1 },
  );
  const flat = fc.array(element, { maxLength: 4 });
  const one = flat.map((values) => `{${values.join(",")}}`);
  const bounded = fc
    .tuple(fc.integer({ min: -3, max: 3 }), fc.array(element, { minLength: 1, maxLength: 3 }))
    .map(([low, values]) => `[${low}:${low + values.length - 1}]={${values.join(",")}}`);
  const two = fc
    .array(fc.tuple(element, element), { minLength: 1, maxLength: 3 })
    .map((rows) => `{${rows.map((row) => `{${row.join(",")}}`).join(",")}}`);
  const first = items[0] ?? "";
  return [
    "{}",
    "{NULL}",
    "{NULL,NULL}",
    `{${quoted(first)}}`,
    `[0:0]={${quoted(first)}}`,
    `{{${quoted(first)}}}`,
    `[2:2][3:3]={{${quoted(first)}}}`,
    ...sample(fc.oneof(one, one, bounded, two), 500),
  ];
}

/** Texts of intervals with fields of any sign; many with the same span. */
export function intervals(): string[] {
  const small = fc.integer({ min: -40, max: 40 });
  const time = fc.oneof(
    fc.constantFrom(0, 24, -24, 1, -1, 23, 25).map((hours) => `${hours}:00:00`),
    fc
      .tuple(
        fc.constantFrom("", "-", "+"),
        fc.integer({ min: 0, max: 99_999 }),
        fc.integer({ min: 0, max: 59_999_999 }),
      )
      .map(([s, hours, micros]) => `${s}${hours}:07:${(micros / 1e6).toFixed(6).padStart(9, "0")}`),
  );
  const several = fc
    .tuple(small, fc.integer({ min: -30, max: 30 }), small, time)
    .map(([years, months, days, clock]) => `${years} years ${months} mons ${days} days ${clock}`);
  const single = fc
    .tuple(fc.integer({ min: -3, max: 3 }), fc.constantFrom("year", "mon", "day", "hour", "min", "sec", "week"))
    .map(([count, unit]) => `${count} ${unit}`);
  const listed = [
    "0",
    "1 month",
    "30 days",
    "720 hours",
    "-1 month",
    "-30 days",
    "1 year",
    "12 months",
    "360 days",
    "1 mon -30 days",
    "1 day 00:00:01",
    "24:00:01",
    "1 sec",
    "-1 sec",
    "1.5 secs",
    "-0.000001 sec",
    "178956970 years 7 mons 2147483647 days 2562047788:00:54.775806",
    "-178956970 years -8 mons -2147483648 days -2562047788:00:54.775807",
    "2147483647 days",
    "-2147483648 mons",
    "infinity",
    "-infinity",
    "P1Y2M3DT4H5M6.7S",
    "1 day ago",
    "@ 1 min",
  ];
  return [...listed, ...sample(fc.oneof(several, several, single), 1500)];
}

const timeOfDay = fc
  .integer({ min: 0, max: 86_399 })
  .map((seconds) => new Date(seconds * 1000).toISOString().slice(11, 19));

export function times(): string[] {
  const precise = fc
    .tuple(timeOfDay, fc.nat(999_999))
    .map(([time, micros]) => `${time}.${String(micros).padStart(6, "0")}`);
  const listed = ["00:00", "24:00:00", "23:59:59.999999", "12:00:00.5", " 01:02:03 ", "04:05"];
  return [...listed, ...sample(fc.oneof(timeOfDay, precise), 500)];
}

export function zonedTimes(): string[] {
  const zone = fc.constantFrom("+00", "-00", "+01", "-08", "+05:30", "-03:30", "+15:59:59", "-15:59", "+00:00:01", "Z");
  const hourly = fc.integer({ min: 0, max: 23 }).map((hour) => `${String(hour).padStart(2, "0")}:00:00`);
  const random = fc.tuple(fc.oneof(timeOfDay, hourly, hourly), zone).map((parts) => parts.join(""));
  return [
    "00:00+00",
    "24:00:00-15:59:59",
    "24:00:00+00",
    "12:00:00",
    "01:00:00+01",
    "02:00:00+02",
    ...sample(random, 800),
  ];
}

export function moneys(): string[] {
  const listed = [
    "0",
    "$1,234.56",
    "-$0.01",
    "12.34",
    "-92233720368547758.08",
    "92233720368547758.07",
    "($5.00)",
    "1.5",
    "100",
  ];
  const random = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((cents) => {
    const digits = String(cents < 0n ? -cents : cents).padStart(3, "0");
    return `${cents < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
  });
  return [...listed, ...sample(random, 300)];
}

export function bits(length: number | undefined): string[] {
  const lengths = length === undefined ? { maxLength: 20 } : { minLength: length, maxLength: length };
  const random = fc.string({ unit: fc.constantFrom("0", "1"), ...lengths });
  return [...(length === undefined ? ["", "0", "00", "00000000", "000000000", "1"] : []), ...sample(random, 300)];
}

const ipv4 = fc.oneof(fc.ipV4(), fc.constantFrom("0.0.0.0", "10.0.0.0", "10.0.0.1", "10.1.0.0", "255.255.255.255"));
const ipv6 = fc.oneof(
  fc.ipV6(),
  fc
    .array(fc.constantFrom("0", "0", "0", "1", "ffff", "a0b"), { minLength: 8, maxLength: 8 })
    .map((words) => words.join(":")),
);

export function inets(): string[] {
  const listed = [
    "10.0.0.1",
    "10.0.0.1/8",
    "10.0.0.0/8",
    "10.0.0.0/9",
    "0.0.0.0/0",
    "::",
    "::/0",
    "::1",
    "::2",
    "::ffff:1.2.3.4",
    "::1:2:3",
    "2001:db8::/32",
  ];
  const four = fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })).map(([host, count]) => `${host}/${count}`);
  const six = fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })).map(([host, count]) => `${host}/${count}`);
  return [...listed, ...sample(fc.oneof(ipv4, four, four, ipv6, six), 1500)];
}

/** Networks, with no bit set behind the prefix. */
export function cidrs(): string[] {
  const four = fc
    .tuple(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 0, max: 32 }))
    .map(([host, count]) => {
      const kept = count === 0 ? 0 : (host & (-1 << (32 - count))) >>> 0;
      return `${kept >>> 24}.${(kept >>> 16) & 255}.${(kept >>> 8) & 255}.${kept & 255}/${count}`;
    });
  return ["10.0.0.0/8", "10.0.0.0/9", "10.0.0.1/32", "10.0.0.1", "::/0", "2001:db8::/32", "::1", ...sample(four, 500)];
}

export function macs(size: number): string[] {
  const octet = fc.nat(255).map((value) => value.toString(16).padStart(2, "0"));
  return sample(
    fc.array(octet, { minLength: size, maxLength: size }).map((octets) => octets.join(":")),
    200,
  );
}

/** Ranges between all pairs of bounds in ascending order, as far as PostgreSQL takes them. */
export function ranges(bounds: readonly string[]): string[] {
  const made = bounds.flatMap((lower, from) =>
    bounds
      .slice(from)
      .flatMap((upper) =>
        ["[]", "[)", "(]", "()"].map(([open, close]) => `${open}${quotedBound(lower)},${quotedBound(upper)}${close}`),
      ),
  );
  const open = bounds.flatMap((bound) => [
    `[${quotedBound(bound)},)`,
    `(${quotedBound(bound)},)`,
    `(,${quotedBound(bound)}]`,
    `(,${quotedBound(bound)})`,
  ]);
  return ["empty", " EMPTY ", "(,)", "[,]", ...made, ...open];
}

function quotedBound(bound: string): string {
  return /[ :]/.test(bound) ? quoted(bound) : bound;
}

export function multiranges(bounds: readonly string[]): string[] {
  const pieces = ranges(bounds);
  return [
    "{}",
    "{empty}",
    ...sample(
      fc.array(fc.constantFrom(...pieces), { maxLength: 3 }).map((items) => `{${items.join(",")}}`),
      300,
    ),
  ];
}

/** Rows with a value or nothing from each list. */
export function records(...columns: readonly (readonly string[])[]): string[] {
  const values = columns.map((list) => fc.option(fc.constantFrom(...list), { freq: 6 }));
  const row = fc
    .tuple(...values)
    .map((parts) => `(${parts.map((part) => (part === null ? "" : quoted(part))).join(",")})`);
  return sample(row, 400);
}
