import { AssertionError, FreshetError } from "@freshet/base";
import { describe, expect, test } from "vitest";
import { DEFAULT_TEXT_SETTINGS, type Codec, type Value } from "./codec.ts";
import { arrayOf } from "./codecs/array-wire.ts";
import { createCodecs } from "./codec-set.ts";
import { finiteDecimal } from "./decimal.ts";
import { BUILTIN_TYPES, Oid } from "./oids.ts";
import { KeyWriter } from "./key-writer.ts";
import { keyOf } from "./testing/oracle.ts";
import { codecNamed } from "./testing/type-cases.ts";

const settings = DEFAULT_TEXT_SETTINGS;

/** Type, PostgreSQL's text, send format in hex, decoded value. */
const VALUES: readonly (readonly [name: string, text: string, hex: string, value: Value])[] = [
  ["bool", "t", "01", true],
  ["int2", "-2", "fffe", -2],
  ["int4", "-2147483648", "80000000", -2_147_483_648],
  ["int8", "9007199254740993", "0020000000000001", 9_007_199_254_740_993n],
  ["oid", "4294967295", "ffffffff", 4_294_967_295],
  ["float4", "0.1", "3dcccccd", Math.fround(0.1)],
  ["float8", "1e-05", "3ee4f8b588e368f1", 1e-5],
  ["float8", "1e+15", "430c6bf526340000", 1e15],
  ["float8", "100000000000000", "42d6bcc41e900000", 1e14],
  ["numeric", "-12345.678", "0003000140000003000109291a7c", finiteDecimal(-12_345_678n, 3)],
  ["text", "é", "c3a9", "é"],
  ["bpchar", "a ", "6120", "a "],
  ["char", "r", "72", "r"],
  ["bytea", "\\x00ff", "00ff", Buffer.of(0, 255)],
  ["date", "0044-03-15 BC", "fff49d7b", -746_117],
  ["timestamp", "2000-01-01 00:00:01.5", "000000000016e360", 1_500_000n],
  ["timestamptz", "1999-12-31 23:59:59+00", "fffffffffff0bdc0", -1_000_000n],
  [
    "uuid",
    "01234567-89ab-cdef-0123-456789abcdef",
    "0123456789abcdef0123456789abcdef",
    Buffer.from("0123456789abcdef0123456789abcdef", "hex"),
  ],
  ["jsonb", '{"b": 1.0, "aa": []}', "017b2262223a20312e302c20226161223a205b5d7d", '{"b": 1.0, "aa": []}'],
];

test.each(VALUES)("%s %s", (name, text, hex, value) => {
  const codec = codecNamed(name);
  const bytes = Buffer.from(hex, "hex");
  expect(codec.isValid(bytes)).toBe(true);
  expect(codec.toText(bytes, settings)?.toString()).toBe(text);
  expect(codec.fromText(text, settings)?.toString("hex")).toBe(hex);
  expect(codec.decode(bytes)).toEqual(value);
  expect(codec.encode(value).toString("hex")).toBe(hex);
});

describe("what is not well-formed is not valid", () => {
  const cases: readonly (readonly [name: string, hex: string])[] = [
    ["bool", "02"],
    ["bool", ""],
    ["int2", "00"],
    ["int8", "00000000"],
    ["text", "ff"],
    ["text", "6100"],
    ["name", "61".repeat(64)],
    ["date", "7ffffffe"],
    ["timestamp", "7ffffffffffffffe"],
    ["uuid", "00"],
    ["jsonb", "007b7d"],
    ["jsonb", "017b"],
    ["jsonb", "0120317d"],
    ["jsonb", ""],
    ["numeric", "0001"],
    ["numeric", "00010000000000002710"],
    ["numeric", "00010000000000000000"],
    ["numeric", "0001000000000000000100"],
    ["numeric", "0001ffff000000010001"],
    ["numeric", "0000000140000000"],
    ["numeric", "00000000d0000000"],
    ["_int4", ""],
    ["_int4", "000000000000000000000019"],
    ["_int4", "000000010000000000000017"],
    ["_int4", "0000000100000000000000177fffffff00000001"],
    ["_int4", "0000000100000000000000170000000100000001ffffffff"],
    ["_int4", "000000010000000000000017000000010000000100000002ffff"],
    ["_bool", "0000000100000000000000100000000100000001000000010a"],
  ];
  test.each(cases)("%s %s", (name, hex) => {
    expect(codecNamed(name).isValid(Buffer.from(hex, "hex"))).toBe(false);
  });
});

test("every built-in type has a codec of its OID and name, arrays too", () => {
  const codecs = createCodecs([]);
  for (const { oid, name } of BUILTIN_TYPES) expect(codecs.get(oid)).toMatchObject({ oid, name });
  expect(codecs.get(90_003)).toBeUndefined();
});

describe("enums", () => {
  const codecs = createCodecs([
    { oid: 90_001, name: "_mood", kind: "array", elementOid: 90_000 },
    { oid: 90_000, name: "mood", kind: "enum", labels: ["sad", "ok", "happy"] },
    { oid: 90_002, name: "_hstore", kind: "array", elementOid: 90_003 },
  ]);
  const mood = codecs.get(90_000) as Codec;

  test("keys are in declared order", () => {
    const keys = ["sad", "ok", "happy"].map((label) => keyOf(mood, mood.encode(label)));
    expect(keys.toSorted(Buffer.compare)).toEqual(keys);
  });

  test("an unknown label is PostgreSQL's error, as input text it is not understood", () => {
    expect(() => keyOf(mood, Buffer.from("glad"))).toThrow(
      new FreshetError("22P02", 'invalid input value for enum mood: "glad"'),
    );
    expect(() => mood.decode(Buffer.from("glad"))).toThrow(FreshetError);
    expect(mood.fromText("glad", settings)).toBeUndefined();
    expect(mood.isValid(Buffer.from("glad"))).toBe(false);
  });

  test("arrays of enums come in any order of types; arrays of unknown types have no codec", () => {
    expect(codecs.get(90_001)?.fromText("{ok,sad}", settings)).toEqual(
      arrayOf(90_000, [Buffer.from("ok"), Buffer.from("sad")]),
    );
    expect(codecs.get(90_002)).toBeUndefined();
  });
});

test("json has no equality", () => {
  const json = codecNamed("json");
  expect(json.hasEquality).toBe(false);
  expect(codecNamed("_json").hasEquality).toBe(false);
  expect(() => json.writeKey(Buffer.from("1"), new KeyWriter())).toThrow(
    new FreshetError("42883", "could not identify an equality operator for type json"),
  );
});

test("equal values of different bytes share a key", () => {
  const pairs: readonly (readonly [name: string, a: string, b: string])[] = [
    ["numeric", "1.0", "1.000"],
    ["float8", "0", "-0"],
    ["float4", "0", "-0"],
    ["bpchar", "a", "a   "],
    ["jsonb", '{"a":[1.0]}', '{"a":[1.00]}'],
    ["_numeric", "{1.0}", "{1}"],
  ];
  for (const [name, a, b] of pairs) {
    const codec = codecNamed(name);
    const [left, right] = [codec.fromText(a, settings) as Buffer, codec.fromText(b, settings) as Buffer];
    expect(left.equals(right)).toBe(false);
    expect(codec.imageIsIdentity).toBe(false);
    expect(keyOf(codec, left)).toEqual(keyOf(codec, right));
  }
});

test("the has-nulls flag of an array does not count", () => {
  const codec = codecNamed("_int4");
  const plain = arrayOf(Oid.int4, [Buffer.of(0, 0, 0, 1)]);
  const flagged = Buffer.from(plain);
  flagged.writeInt32BE(1, 4);
  expect(codec.isValid(flagged)).toBe(true);
  expect(keyOf(codec, flagged)).toEqual(keyOf(codec, plain));
});

test("every NaN is one value, above all others", () => {
  const codec = codecNamed("float8");
  const other = Buffer.from("fff8000000000001", "hex");
  expect(keyOf(codec, other)).toEqual(keyOf(codec, codec.encode(Number.NaN)));
  expect(Buffer.compare(keyOf(codec, other), keyOf(codec, codec.encode(Infinity)))).toBe(1);
});

test("a value of another type's form is a defect", () => {
  for (const [name, value] of [
    ["int4", "1"],
    ["int8", 1],
    ["text", 1],
    ["bytea", "a"],
    ["bool", 1],
    ["numeric", 1n],
  ] as const) {
    expect(() => codecNamed(name).encode(value)).toThrow(AssertionError);
  }
  expect(() => codecNamed("int4").encode(2 ** 31)).toThrow(AssertionError);
  expect(() => codecNamed("int8").encode(2n ** 63n)).toThrow(AssertionError);
});

test("what numeric cannot hold is PostgreSQL's error", () => {
  expect(() => codecNamed("numeric").encode(finiteDecimal(10n ** 131_072n, 0))).toThrow(
    new FreshetError("22003", "value overflows numeric format"),
  );
});
