import { startPostgres, withClient, type PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeInternalDatum } from "./internal-datum.ts";
import { DEFAULT_TEXT_SETTINGS, type Codec } from "./codec.ts";
import { createCodecs, type CodecSet } from "./codec-set.ts";
import { BUILTIN_TYPES } from "./oids.ts";
import {
  askSpelling,
  askValues,
  expectReadsOutput,
  expectSameForms,
  expectSameKeys,
  type OracleValue,
  type SqlType,
} from "./testing/oracle.ts";
import * as samples from "./testing/samples.ts";

const MOODS = ["sad", "ok", "happy", "it's \"so\" {so}", "NULL", "ünï,code"];
const settings = DEFAULT_TEXT_SETTINGS;
const C = ' COLLATE "C"';

let server: PostgresServer;
let codecs: CodecSet;
let moodOid = 0;
let moodArrayOid = 0;

beforeAll(async () => {
  server = await startPostgres();
  await withClient(server, async (client) => {
    const [first = "", ...others] = MOODS.toReversed().map((label) => client.escapeLiteral(label));
    await client.query("DROP TYPE IF EXISTS freshet_mood");
    await client.query(`CREATE TYPE freshet_mood AS ENUM (${first})`);
    // Each before all that are there: the declared order is not the order of the labels' OIDs.
    for (const [index, label] of others.entries()) {
      const next = [first, ...others][index] ?? "";
      await client.query(`ALTER TYPE freshet_mood ADD VALUE ${label} BEFORE ${next}`);
    }
    const result = await client.query<{ oid: number; array: number }>(
      "SELECT oid, typarray AS array FROM pg_type WHERE typname = 'freshet_mood'",
    );
    const found = result.rows[0];
    if (found === undefined) throw new Error("the enum was not created");
    codecs = createCodecs([
      { oid: found.oid, name: "freshet_mood", kind: "enum", labels: MOODS },
      { oid: found.array, name: "_freshet_mood", kind: "array", elementOid: found.oid },
    ]);
    moodOid = found.oid;
    moodArrayOid = found.array;
  });
});

afterAll(() => server.stop());

function codecOf(oid: number): Codec {
  const codec = codecs.get(oid);
  if (codec === undefined) throw new Error(`no codec for ${oid}`);
  return codec;
}

function codecNamed(name: string): Codec {
  return codecOf(BUILTIN_TYPES.find((type) => type.name === name)?.oid ?? 0);
}

async function ask(type: SqlType, inputs: readonly string[], session: readonly string[] = []): Promise<OracleValue[]> {
  return withClient(server, async (client) => {
    for (const statement of ["SET timezone = 'UTC'", ...session]) await client.query(statement);
    return askValues(client, type, inputs);
  });
}

const utc = (value: bigint): string => codecOf(1184).toText(codecOf(1184).encode(value), settings)?.toString() ?? "";
const day = (value: number): string => codecOf(1082).toText(codecOf(1082).encode(value), settings)?.toString() ?? "";
const local = (value: bigint): string => codecOf(1114).toText(codecOf(1114).encode(value), settings)?.toString() ?? "";

interface TypeCase extends SqlType {
  readonly codec: string;
  readonly inputs: () => readonly string[];
}

const CASES: readonly TypeCase[] = [
  { codec: "bool", name: "bool", send: "boolsend", inputs: () => ["t", "f", "true", "FALSE", " yes ", "no", "on", "off", "of", "1", "0", "tr"] },
  { codec: "int2", name: "int2", send: "int2send", inputs: () => samples.integers(16) },
  { codec: "int4", name: "int4", send: "int4send", inputs: () => samples.integers(32) },
  { codec: "int8", name: "int8", send: "int8send", inputs: () => samples.integers(64) },
  { codec: "oid", name: "oid", send: "oidsend", inputs: () => ["0", "1", "4294967295", "2147483648", "2147483647", " 26 "] },
  { codec: "numeric", name: "numeric", send: "numeric_send", inputs: samples.numerics },
  { codec: "float8", name: "float8", send: "float8send", inputs: samples.float8s },
  { codec: "float4", name: "float4", send: "float4send", inputs: samples.float4s },
  { codec: "text", name: "text", send: "textsend", collate: C, inputs: samples.texts },
  { codec: "varchar", name: "varchar", send: "varcharsend", collate: C, inputs: samples.texts },
  { codec: "bpchar", name: "bpchar", send: "bpcharsend", collate: C, inputs: samples.texts },
  { codec: "name", name: "name", send: "namesend", inputs: () => samples.texts().filter((text) => Buffer.byteLength(text) < 64) },
  { codec: "char", name: '"char"', send: "charsend", inputs: () => ["", "a", "b", "A", "~", "\u0001", " ", "0"] },
  { codec: "bytea", name: "bytea", send: "byteasend", inputs: samples.byteas },
  { codec: "uuid", name: "uuid", send: "uuid_send", inputs: samples.uuids },
  { codec: "date", name: "date", send: "date_send", inputs: () => samples.days().map(day) },
  { codec: "timestamp", name: "timestamp", send: "timestamp_send", inputs: () => samples.micros().map(local) },
  { codec: "timestamptz", name: "timestamptz", send: "timestamptz_send", inputs: () => samples.micros().map(utc) },
  { codec: "json", name: "json", send: "json_send", sortable: false, inputs: samples.jsons },
  { codec: "jsonb", name: "jsonb", send: "jsonb_send", inputs: samples.jsons },
  { codec: "_int4", name: "int4[]", send: "array_send", inputs: () => samples.arrays(["0", "1", "-1", "2147483647"]) },
  { codec: "_int8", name: "int8[]", send: "array_send", inputs: () => samples.arrays(["0", "1", "-9223372036854775808"]) },
  { codec: "_bool", name: "bool[]", send: "array_send", inputs: () => samples.arrays(["t", "f"]) },
  { codec: "_numeric", name: "numeric[]", send: "array_send", inputs: () => samples.arrays(["1", "1.0", "1.00", "-2", "NaN"]) },
  { codec: "_float8", name: "float8[]", send: "array_send", inputs: () => samples.arrays(["1", "-0", "0", "1e300", "NaN"]) },
  { codec: "_text", name: "text[]", send: "array_send", collate: C, inputs: () => samples.arrays(samples.texts().slice(0, 80)) },
  { codec: "_bytea", name: "bytea[]", send: "array_send", inputs: () => samples.arrays(samples.byteas().slice(0, 20)) },
  { codec: "_bpchar", name: "bpchar[]", send: "array_send", collate: C, inputs: () => samples.arrays(["a", "a ", "", " "]) },
  { codec: "_timestamptz", name: "timestamptz[]", send: "array_send", inputs: () => samples.arrays([utc(0n), utc(1n), "infinity"]) },
  { codec: "_jsonb", name: "jsonb[]", send: "array_send", inputs: () => samples.arrays(samples.jsons().slice(0, 40)) },
  { codec: "_uuid", name: "uuid[]", send: "array_send", inputs: () => samples.arrays(samples.uuids().slice(0, 5)) },
  { codec: "_date", name: "date[]", send: "array_send", inputs: () => samples.arrays([day(0), day(-1), "infinity"]) },
];

/** One-dimensional without bounds: the arrays whose text is understood. */
function isReadBack(text: string): boolean {
  return !/^\[|^\{\{/.test(text);
}

describe(`against PostgreSQL, seed ${samples.SEED}`, () => {
  test.each(CASES)("$codec: forms, order and equality", async (type) => {
    const values = await ask(type, type.inputs());
    const codec = codecNamed(type.codec);
    expectSameForms(codec, values, settings);
    expectReadsOutput(codec, type.codec.startsWith("_") ? values.filter(({ text }) => isReadBack(text)) : values, settings);
    if (codec.hasEquality) expectSameKeys(codec, values);
  });

  test("enums: forms and the declared order", async () => {
    const values = await ask({ name: "freshet_mood", send: "enum_send" }, [...MOODS, "ok"]);
    expectSameForms(codecOf(moodOid), values, settings);
    expectReadsOutput(codecOf(moodOid), values, settings);
    expectSameKeys(codecOf(moodOid), values);
    const lists = await ask({ name: "freshet_mood[]", send: "array_send" }, samples.arrays(MOODS));
    expectSameForms(codecOf(moodArrayOid), lists, settings);
    expectSameKeys(codecOf(moodArrayOid), lists);
  });
});

describe("session settings", () => {
  test.each([0, -1, -5, -14, 2, 3])("extra_float_digits = %d", async (digits) => {
    const session = [`SET extra_float_digits = ${digits}`];
    for (const { codec, name, send, inputs } of CASES.filter(({ codec: c }) => c === "float4" || c === "float8")) {
      const values = await ask({ name, send }, inputs(), session);
      for (const { bytes, text } of values) {
        const shown = codecNamed(codec).toText(bytes, { ...settings, extraFloatDigits: digits });
        expect(shown?.toString(), `${name} ${bytes.toString("hex")}`).toBe(text);
      }
    }
  });

  test("bytea_output = escape", async () => {
    const values = await ask({ name: "bytea", send: "byteasend" }, samples.byteas(), ["SET bytea_output = 'escape'"]);
    for (const { bytes, text } of values) {
      expect(codecNamed("bytea").toText(bytes, { ...settings, byteaOutput: "escape" })?.toString()).toBe(text);
    }
  });

  test.each(["Etc/GMT+5", "Etc/GMT-14", "GMT", "Zulu", "5.5", "-3", "INTERVAL '+05:30' HOUR TO MINUTE", "INTERVAL '-00:20' HOUR TO MINUTE"])(
    "time zone %s",
    async (zone) => {
      const name = /^[A-Z]/i.test(zone) && !zone.startsWith("INTERVAL") ? `'${zone}'` : zone;
      await withClient(server, async (client) => {
        await client.query(`SET TIME ZONE ${name}`);
        const shown = await client.query<{ zone: string }>("SELECT current_setting('TimeZone') AS zone");
        const timeZone = shown.rows[0]?.zone ?? "";
        // Away from the limits, where a shifted local time would be out of range.
        const inputs = samples.micros().slice(10).map(utc).filter((text) => !/^(?:4714|294276)/.test(text));
        const values = await askValues(client, { name: "timestamptz", send: "timestamptz_send" }, inputs);
        expectSameForms(codecOf(1184), values, { ...settings, timeZone });
        expectReadsOutput(codecOf(1184), values, { ...settings, timeZone });
      });
    },
  );

  test("zones and styles that are not certain are not answered", () => {
    const bytes = codecOf(1184).encode(0n);
    for (const timeZone of ["Europe/Berlin", "EST5EDT", "Africa/Abidjan", "CET", "Etc/GMT+13", "posixrules", ""]) {
      expect(codecOf(1184).toText(bytes, { ...settings, timeZone }), timeZone).toBeUndefined();
      expect(codecOf(1184).fromText("2000-01-01 00:00:00", { ...settings, timeZone }), timeZone).toBeUndefined();
    }
    for (const oid of [1082, 1114, 1184]) {
      const value = oid === 1082 ? 0 : 0n;
      expect(codecOf(oid).toText(codecOf(oid).encode(value), { ...settings, dateStyle: "German, DMY" })).toBeUndefined();
    }
  });
});

const ODD_SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  bool: ["", "o", "tru e", "2", "truex", "T", "YES"],
  int4: ["", " ", "1.0", "1e3", "0x10", "1_000", "--1", "+ 1", "2147483648", "-2147483649", "１", "\u00a01", "1\u00a0"],
  int8: ["9223372036854775808", "-9223372036854775809", "0b1", "99999999999999999999999999"],
  int2: ["32768", "-32769", "+32767"],
  oid: ["-1", "4294967296", "+5"],
  numeric: ["", ".", "1e", "e5", "1_0", "0x1", "--1", "1.2.3", "+NaN", "-nan", "1e200000", "1e-20000", "1 2", "infinit", "1e99999999999"],
  float8: ["", ".", "1e", "1e400", "-1e400", "1e-400", "0x1p3", "1_0", "0e999", "infinit", "+nan", "1e-330", "4.9e-324", "2e-324", "1e-310"],
  float4: ["1e39", "1e-46", "3.4028236e38", "3.40282357e38", "7.006492321624085e-46", "7.1e-46", "16777217", "16777216.9999999999999", "1e-40"],
  uuid: ["", "00000000-0000-0000-0000-00000000000", "{00000000-0000-0000-0000-000000000000", "0000-00000000-0000-0000-0000-00000000", "g0000000-0000-0000-0000-000000000000", " 00000000-0000-0000-0000-000000000000"],
  bytea: ["\\x0", "\\xzz", "\\x 00", "\\\\", "\\000", "a\\", "é"],
  date: ["", "2024-02-30", "2023-02-29", "2024-02-29", "0000-01-01", "2024-13-01", "2024-1-1", "24-01-01", "01/02/2024", "2024-01-01 BC", "today", "epoch", "5874898-01-01", "4714-11-23 BC", "4714-11-24 BC", "20240101", "10000-01-01", "2024-01-01bc", "2024-01-01 ad", "+infinity", "Infinity", "0001-01-01"],
  timestamp: ["2024-01-01", "2024-01-01T10:00", "2024-01-01 24:00:00", "2024-01-01 10:00:60", "2024-01-01 10:00:00.1234567", "2024-01-01 10:00:00+02", "2024-01-01 10:00:00Z", "294277-01-01", "294276-12-31 23:59:59.999999", "4714-11-24 00:00:00 BC", "4714-11-23 23:59:59 BC", "now", "2024-01-01  10:00", "2024-01-01 10", "2024-01-01t10:00:00", "2024-01-01 BC", "2024-01-01 10:00:00.5 BC"],
  timestamptz: ["2024-01-01T10:00:00.000Z", "2024-01-01T10:00:00.000+00:00", "2024-01-01 10:00:00+02", "2024-01-01 10:00:00-0330", "2024-01-01 10:00:00+15:59", "2024-01-01 10:00:00+16", "2024-01-01 10:00:00 +02", "2024-01-01 10:00:00 UTC", "2024-01-01 10:00:00+02 BC", "2024-01-01 10:00:00+02:30:15", "2024-01-01 10:00+5", "2024-01-01+02", "294276-12-31 23:59:59-02", "4714-11-24 00:00:00+01 BC", "2024-01-01 10:00:00z"],
  jsonb: ["", "{", "[1,]", "{a:1}", "'a'", "01", "1.", ".5", "+1", "NaN", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\t\"", "[1 2]", "{\"a\" 1}", "nul", "truefalse", "1 1", "\"\\x\"", "1e", "1e400000", "\u00a01", "[1}", "{\"a\":1,}", "\"a", "\u000b1"],
  json: ["{\"a\":1,\"a\":2}", " 1 ", "[1}", ""],
  _int4: ["{1,2", "{1,,2}", "{1,2}x", " {1} ", "{ 1 , 2 }", "{}", "{ }", "{{}}", "[1:2]={1,2}", "{\"1\"}", "{null}", "{1 2}", "{a}"],
  _text: ["{a b}", "{ a , b }", "{a\\,b}", "{\"a\"b}", "{\"a\" }", "{\"NULL\"}", "{nuLL}", "{\"\\a\"}", "{\"\"}", "{a\"b}", "{\u00a0a}", "{a,}", "{,a}", "{\"a\",\"b\"}", "{\"a\n\"}"],
};

test.each(Object.entries(ODD_SPELLINGS))("%s: odd spellings are read as PostgreSQL does, or not at all", async (name, inputs) => {
  const type = CASES.find(({ codec }) => codec === name);
  if (type === undefined) throw new Error(`no case for ${name}`);
  await withClient(server, async (client) => {
    await client.query("SET timezone = 'UTC'");
    for (const input of inputs) {
      const understood = codecNamed(name).fromText(input, settings);
      const actual = await askSpelling(client, type, input);
      if (understood !== undefined) expect(understood.toString("hex"), `${name} ${input}`).toBe(actual?.toString("hex"));
      if (actual !== undefined) expect(codecNamed(name).isValid(actual), `${name} ${input} is valid`).toBe(true);
    }
  });
});

/** Literals of each type whose Const nodes are read back from an analysed tree. */
const LITERALS: Readonly<Record<string, readonly string[]>> = {
  bool: ["t", "f"],
  '"char"': ["", "a"],
  int2: ["0", "-1", "32767"],
  int4: ["0", "-1", "2147483647"],
  int8: ["0", "-1", "9223372036854775807"],
  oid: ["4294967295"],
  float4: ["1.5", "-0", "NaN", "Infinity"],
  float8: ["1.5", "-0", "NaN", "1e300"],
  numeric: ["0", "0.00", "1.50", "-12345.678", "NaN", "Infinity", "-Infinity", "1e-100", "1e300", "1e-9", "123456789012345678901234567890.123456789"],
  text: ["", "abc", "ünï", "x".repeat(200)],
  varchar: ["abc"],
  bpchar: ["abc  "],
  name: ["", "abc"],
  json: ['{"a": 1}'],
  bytea: ["\\x", "\\x00ff"],
  date: ["2024-02-29", "-infinity"],
  timestamp: ["2024-02-29 10:11:12.5", "infinity"],
  timestamptz: ["2024-02-29 10:11:12.5+02"],
  uuid: ["01234567-89ab-cdef-0123-456789abcdef"],
  "int4[]": ["{}", "{1,2,3}", "{1,NULL,3}", "{{1,2},{3,4}}", "[5:6]={1,2}"],
  "int8[]": ["{1,-2}", "{NULL,1}"],
  "int2[]": ["{1,-2,3}"],
  "bool[]": ["{t,f,NULL}"],
  "text[]": ["{a,bcdef,NULL,\"\"}", "{}"],
  "numeric[]": ["{1.5,NaN,-1e40}"],
  "uuid[]": ["{01234567-89ab-cdef-0123-456789abcdef,NULL}"],
  "name[]": ["{a,b}"],
};

const CONST = /\{CONST :consttype (\d+) [^{}]*?:constlen (-?\d+) :constbyval (\w+) :constisnull false [^{}]*?:constvalue (\d+) \[ ([-\d ]+) \]\}/g;

test("constants in the server's memory layout are read from analysed trees", async () => {
  await withClient(server, async (client) => {
    await client.query("SET timezone = 'UTC'");
    for (const [name, literals] of Object.entries(LITERALS)) {
      const items = literals.map((literal) => `${client.escapeLiteral(literal)}::${name}`);
      const send = CASES.find((type) => type.name === name)?.send ?? "array_send";
      await client.query(`CREATE FUNCTION pg_temp.constants() RETURNS void BEGIN ATOMIC SELECT ${items.join(", ")}; END`);
      const tree = await client.query<{ body: string }>("SELECT prosqlbody::text AS body FROM pg_proc WHERE proname = 'constants'");
      await client.query("DROP FUNCTION pg_temp.constants()");
      const sent = await client.query<{ bytes: Buffer }>(`SELECT unnest(ARRAY[${items.map((item) => `${send}(${item})`).join(", ")}]) AS bytes`);
      const read = [...(tree.rows[0]?.body ?? "").matchAll(CONST)].map(([, oid, len, byVal, , bytes = ""]) =>
        decodeInternalDatum(Number(oid), Buffer.from(bytes.split(" ").map((byte) => Number(byte) & 0xff)), { byVal: byVal === "true", len: Number(len) }),
      );
      expect(read.map((bytes) => bytes?.toString("hex")), name).toEqual(sent.rows.map(({ bytes }) => bytes.toString("hex")));
    }
  });
});
