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
  "int4[]": ["{}", "{1,2,3}", "{1,NULL,3}", "{{1,2},{3,4}}", "[5:6]={1,2}"],
  "int8[]": ["{1,-2}", "{NULL,1}"],
  "int2[]": ["{1,-2,3}"],
  "bool[]": ["{t,f,NULL}"],
  "text[]": ['{a,bcdef,NULL,""}', "{}"],
  "numeric[]": ["{1.5,NaN,-1e40}"],
  "uuid[]": ["{01234567-89ab-cdef-0123-456789abcdef,NULL}"],
  "name[]": ["{a,b}"],
};

const CONST =
  /\{CONST :consttype (\d+) [^{}]*?:constlen (-?\d+) :constbyval (\w+) :constisnull false [^{}]*?:constvalue (\d+) \[ ([-\d ]+) \]\}/g;

test.each(Object.entries(LITERALS))(
  "%s: constants of analysed trees are read as they are sent",
  async (name, literals) => {
    await withClient(server, async (client) => {
      await client.query("SET timezone = 'UTC'");
      const items = literals.map((literal) => `${client.escapeLiteral(literal)}::${name}`);
      const send = TYPE_CASES.find((type) => type.name === name)?.send ?? "array_send";
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
