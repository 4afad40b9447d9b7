import { startPostgres, withClient, type PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DEFAULT_TEXT_SETTINGS } from "./codec.ts";
import { askSpelling } from "./testing/oracle.ts";
import { codecNamed, TYPE_CASES } from "./testing/type-cases.ts";

const settings = DEFAULT_TEXT_SETTINGS;

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(() => server.stop());

const ODD_SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  bool: ["", "o", "tru e", "2", "truex", "T", "YES"],
  int4: ["", " ", "1.0", "1e3", "0x10", "1_000", "--1", "+ 1", "2147483648", "-2147483649", "１", "\u00a01", "1\u00a0"],
  int8: ["9223372036854775808", "-9223372036854775809", "0b1", "99999999999999999999999999"],
  int2: ["32768", "-32769", "+32767"],
  oid: ["-1", "4294967296", "+5"],
  numeric: [
    "",
    ".",
    "1e",
    "e5",
    "1_0",
    "0x1",
    "--1",
    "1.2.3",
    "+NaN",
    "-nan",
    "1e200000",
    "1e-20000",
    "1 2",
    "infinit",
    "1e99999999999",
  ],
  float8: [
    "",
    ".",
    "1e",
    "1e400",
    "-1e400",
    "1e-400",
    "0x1p3",
    "1_0",
    "0e999",
    "infinit",
    "+nan",
    "1e-330",
    "4.9e-324",
    "2e-324",
    "1e-310",
  ],
  float4: [
    "1e39",
    "1e-46",
    "3.4028236e38",
    "3.40282357e38",
    "7.006492321624085e-46",
    "7.1e-46",
    "16777217",
    "16777216.9999999999999",
    "1e-40",
  ],
  uuid: [
    "",
    "00000000-0000-0000-0000-00000000000",
    "{00000000-0000-0000-0000-000000000000",
    "0000-00000000-0000-0000-0000-00000000",
    "g0000000-0000-0000-0000-000000000000",
    " 00000000-0000-0000-0000-000000000000",
  ],
  bytea: ["\\x0", "\\xzz", "\\x 00", "\\\\", "\\000", "a\\", "é"],
  date: [
    "",
    "2024-02-30",
    "2023-02-29",
    "2024-02-29",
    "0000-01-01",
    "2024-13-01",
    "2024-1-1",
    "24-01-01",
    "01/02/2024",
    "2024-01-01 BC",
    "today",
    "epoch",
    "5874898-01-01",
    "4714-11-23 BC",
    "4714-11-24 BC",
    "20240101",
    "10000-01-01",
    "2024-01-01bc",
    "2024-01-01 ad",
    "+infinity",
    "Infinity",
    "0001-01-01",
  ],
  timestamp: [
    "2024-01-01",
    "2024-01-01T10:00",
    "2024-01-01 24:00:00",
    "2024-01-01 10:00:60",
    "2024-01-01 10:00:00.1234567",
    "2024-01-01 10:00:00+02",
    "2024-01-01 10:00:00Z",
    "294277-01-01",
    "294276-12-31 23:59:59.999999",
    "4714-11-24 00:00:00 BC",
    "4714-11-23 23:59:59 BC",
    "now",
    "2024-01-01  10:00",
    "2024-01-01 10",
    "2024-01-01t10:00:00",
    "2024-01-01 BC",
    "2024-01-01 10:00:00.5 BC",
  ],
  timestamptz: [
    "2024-01-01T10:00:00.000Z",
    "2024-01-01T10:00:00.000+00:00",
    "2024-01-01 10:00:00+02",
    "2024-01-01 10:00:00-0330",
    "2024-01-01 10:00:00+15:59",
    "2024-01-01 10:00:00+16",
    "2024-01-01 10:00:00 +02",
    "2024-01-01 10:00:00 UTC",
    "2024-01-01 10:00:00+02 BC",
    "2024-01-01 10:00:00+02:30:15",
    "2024-01-01 10:00+5",
    "2024-01-01+02",
    "294276-12-31 23:59:59-02",
    "4714-11-24 00:00:00+01 BC",
    "2024-01-01 10:00:00z",
  ],
  jsonb: [
    "",
    "{",
    "[1,]",
    "{a:1}",
    "'a'",
    "01",
    "1.",
    ".5",
    "+1",
    "NaN",
    '"\\u0000"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\t"',
    "[1 2]",
    '{"a" 1}',
    "nul",
    "truefalse",
    "1 1",
    '"\\x"',
    "1e",
    "1e400000",
    "\u00a01",
    "[1}",
    '{"a":1,}',
    '"a',
    "\u000b1",
  ],
  json: ['{"a":1,"a":2}', " 1 ", "[1}", ""],
  _int4: [
    "{1,2",
    "{1,,2}",
    "{1,2}x",
    " {1} ",
    "{ 1 , 2 }",
    "{}",
    "{ }",
    "{{}}",
    "[1:2]={1,2}",
    '{"1"}',
    "{null}",
    "{1 2}",
    "{a}",
  ],
  _text: [
    "{a b}",
    "{ a , b }",
    "{a\\,b}",
    '{"a"b}',
    '{"a" }',
    '{"NULL"}',
    "{nuLL}",
    '{"\\a"}',
    '{""}',
    '{a"b}',
    "{\u00a0a}",
    "{a,}",
    "{,a}",
    '{"a","b"}',
    '{"a\n"}',
  ],
};

test.each(Object.entries(ODD_SPELLINGS))(
  "%s: odd spellings are read as PostgreSQL does, or not at all",
  async (name, inputs) => {
    const type = TYPE_CASES.find(({ codec }) => codec === name);
    if (type === undefined) throw new Error(`no case for ${name}`);
    const codec = codecNamed(name);
    const answers = await withClient(server, async (client) => {
      await client.query("SET timezone = 'UTC'");
      const list = [];
      for (const input of inputs) list.push({ input, actual: await askSpelling(client, type, input) });
      return list;
    });
    const misread = answers.filter(({ input, actual }) => {
      const understood = codec.fromText(input, settings);
      return understood !== undefined && (actual === undefined || !understood.equals(actual));
    });
    expect(misread).toEqual([]);
    expect(answers.filter(({ actual }) => actual !== undefined && !codec.isValid(actual))).toEqual([]);
  },
);
