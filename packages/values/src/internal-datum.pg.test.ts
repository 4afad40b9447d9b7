import { startPostgres, withClient, type PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { decodeInternalDatum } from "./internal-datum.ts";
import { TYPE_CASES } from "./testing/type-cases.ts";

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(() => server.stop());

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
  numeric: [
    "0",
    "0.00",
    "1.50",
    "-12345.678",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e-100",
    "1e300",
    "1e-9",
    "123456789012345678901234567890.123456789",
  ],
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
  jsonb: [
    "1",
    "null",
    '"a\\"b"',
    "[]",
    "{}",
    "true",
    '{"a": 1, "b": [1.50, -2e10, "x", null, {"c": {}}], "": false, "long key ünï": [[]]}',
    JSON.stringify(Array.from({ length: 80 }, (_unused, index) => (index % 3 === 0 ? index / 8 : `text ${index}`))),
  ],
  jsonpath: [
    "$",
    'strict $.a[*].b ? (@.c > 3 && @."x y" starts with "q")',
    "lax $[0, last - 1, 2 to last].**.size()",
    '$.**{2}.k ? (exists(@.a) || !(@ == null) || (@ like_regex "a+" flag "si") || (@ > -1.5) is unknown)',
    "($.a + 1 * -$.b) / 2 % 3 - $v.x",
    '$.**{1 to last} ? (@.type() == "string" && @.double().ceiling().floor().abs() != 1e3 || @ <= $"a b")',
    '$.* ? (@.datetime() < "2020-01-01".datetime("yyyy-mm-dd")).keyvalue().*',
    "$.**{last}.bigint().boolean().date().decimal(5,2).integer().number().string().time(2).time_tz().timestamp(3).timestamp_tz()",
    "($.a + $.b).abs()",
    "exists($.a ? (true == false))",
    '+$."ünï"[$.i].decimal()',
  ],
  "jsonb[]": ['{"{\\"a\\": 1}",NULL,"[1, 2]"}'],
  int4range: ["[1,5)", "empty", "(,)", "[1,)", "(,5)"],
  int8range: ["[1,5)"],
  numrange: ["[1.5,2.50]", "(,1000000000000000000000000.5]"],
  int4multirange: ["{}", "{[1,5)}", "{(,1),[3,4),[7,)}", "{(,)}"],
  nummultirange: ["{(1.5,2.50],[3,1000000000000000000000000.5),(1e30,)}", "{[1,1],[2,2],[3,3]}"],
  tstzmultirange: ["{[2024-02-29 10:11:12.5+00,2024-03-01 00:00+00),[2025-01-01 00:00+00,)}"],
  datemultirange: ["{[2024-02-28,2024-03-01),[2025-01-01,infinity]}"],
  tsrange: ["[2024-02-29 10:11:12.5,)"],
  interval: ["1 year 2 mons -3 days 04:05:06.7", "infinity"],
  time: ["12:34:56.7"],
  timetz: ["12:34:56.7+05:30"],
  money: ["-12.34"],
  varbit: ["", "101010101"],
  inet: ["10.0.0.1/8", "2001:db8::1"],
  cidr: ["10.0.0.0/8", "::/0"],
  macaddr: ["08:00:2b:01:02:03"],
  macaddr8: ["08:00:2b:ff:fe:01:02:03"],
  regclass: ["pg_class"],
  xid: ["4294967295"],
  tid: ["(70000,7)"],
  xid8: ["18446744073709551615"],
  pg_lsn: ["16/B374D848"],
  "interval[]": ["{1 mon,NULL,2 days}"],
  "timetz[]": ["{12:34:56.7+05:30,01:00+01}"],
  "inet[]": ["{10.0.0.1,::1,10.0.0.0/8}"],
  "varbit[]": ["{1,101010101,NULL}"],
  "tid[]": ['{"(1,2)","(3,4)"}'],
  "macaddr[]": ["{08:00:2b:01:02:03,08:00:2b:01:02:04}"],
  "int4[]": ["{}", "{1,2,3}", "{1,NULL,3}", "{{1,2},{3,4}}", "[5:6]={1,2}"],
  "int8[]": ["{1,-2}", "{NULL,1}"],
  "int2[]": ["{1,-2,3}"],
  "bool[]": ["{t,f,NULL}"],
  "text[]": ['{a,bcdef,NULL,""}', "{}"],
  "numeric[]": ["{1.5,NaN,-1e40}"],
  "uuid[]": ["{01234567-89ab-cdef-0123-456789abcdef,NULL}"],
  "name[]": ["{a,b}"],
};

function sendOf(name: string): string {
  if (name.endsWith("[]")) return "array_send";
  if (name.endsWith("multirange")) return "multirange_send";
  if (name.endsWith("range")) return "range_send";
  if (name === "jsonpath") return "jsonpath_send";
  return TYPE_CASES.find((type) => type.name === name || type.codec === name)?.send ?? `${name}send`;
}

/** Methods of jsonpath that are younger than the oldest server. */
const OF_VERSION_17 = /\.(bigint|decimal)\(/;

const CONST =
  /\{CONST :consttype (\d+) [^{}]*?:constlen (-?\d+) :constbyval (\w+) :constisnull false [^{}]*?:constvalue (\d+) \[ ([-\d ]+) \]\}/g;

test.each(Object.entries(LITERALS))(
  "%s: constants of analysed trees are read as they are sent",
  async (name, literals) => {
    await withClient(server, async (client) => {
      await client.query("SET timezone = 'UTC'");
      const version = await client.query<{ major: number }>(
        "SELECT current_setting('server_version_num')::int / 10000 AS major",
      );
      const known = literals.filter((literal) => (version.rows[0]?.major ?? 0) >= 17 || !OF_VERSION_17.test(literal));
      const items = known.map((literal) => `${client.escapeLiteral(literal)}::${name}`);
      const send = sendOf(name);
      await client.query(
        `CREATE FUNCTION pg_temp.constants() RETURNS void BEGIN ATOMIC SELECT ${items.join(", ")}; END`,
      );
      const tree = await client.query<{ body: string }>(
        "SELECT prosqlbody::text AS body FROM pg_proc WHERE proname = 'constants'",
      );
      await client.query("DROP FUNCTION pg_temp.constants()");
      const sent = await client.query<{ bytes: Buffer }>(
        `SELECT unnest(ARRAY[${items.map((item) => `${send}(${item})`).join(", ")}]) AS bytes`,
      );
      const read = [...(tree.rows[0]?.body ?? "").matchAll(CONST)].map(([, oid, len, byVal, , bytes = ""]) =>
        decodeInternalDatum(Number(oid), Buffer.from(bytes.split(" ").map((byte) => Number(byte) & 0xff)), {
          byVal: byVal === "true",
          len: Number(len),
        }),
      );
      expect(read.map((bytes) => bytes?.toString("hex"))).toEqual(sent.rows.map(({ bytes }) => bytes.toString("hex")));
    });
  },
);
