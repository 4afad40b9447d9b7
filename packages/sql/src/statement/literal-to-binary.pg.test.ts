import { must } from "@freshet/base";
import { startPostgres, withClient, type PostgresServer } from "@freshet/postgres";
import { createCodecs, DEFAULT_TEXT_SETTINGS, Oid } from "@freshet/values";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadParser } from "../parser/load-parser.ts";
import { inspectStatement } from "./inspect-statement.ts";
import { literalToBinary } from "./literal-to-binary.ts";
import { slotLiterals } from "./match-slots.ts";

const codecs = createCodecs([]);
let server: PostgresServer;

beforeAll(async () => {
  await loadParser();
  server = await startPostgres();
});

afterAll(() => server.stop());

const LITERALS = [
  "0",
  "5",
  "-5",
  "-0",
  "32768",
  "2147483648",
  "16777217",
  "9007199254740993",
  "99999999999999999999",
  "0x1F",
  "1_000",
  "5.0",
  "0.1",
  "0.5",
  "-0.5",
  "1e3",
  "1e-3",
  ".5",
  "5.",
  "0.10000000149011612",
  "123456789.123456789",
  "-0.0",
  "'5'",
  "' 5 '",
  "'5.0'",
  "'0.1'",
  "'NaN'",
  "'infinity'",
  "''",
  "'a'",
  "'a '",
  "'é'",
  "'t'",
  "'yes'",
  "'\\xff'",
  "E'a\\nb'",
  "'2020-02-29'",
  "'2020-02-29 12:00:00'",
  "'2020-02-29 12:00:00+02'",
  "'epoch'",
  `'${"x".repeat(70)}'`,
  "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
  "true",
  "FALSE",
];

/** Column values of each type, as PostgreSQL's input. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  bool: ["t", "f"],
  int2: ["0", "5", "-5", "1000", "31", "32767"],
  int4: ["0", "5", "-5", "1000", "32768", "2147483647"],
  int8: ["0", "5", "-5", "2147483648", "9007199254740993", "16777217"],
  oid: ["0", "5", "4294967295", "2147483648"],
  numeric: ["0", "5", "5.00", "0.1", "-0.5", "1000", "123456789.123456789", "99999999999999999999", "NaN"],
  float4: ["0", "-0", "5", "0.1", "0.5", "1000", "16777216", "NaN", "Infinity"],
  float8: ["0", "-0", "5", "0.1", "0.5", "1000", "0.10000000149011612", "9007199254740992", "NaN", "Infinity"],
  text: ["", "5", "a", "a ", "é", "a\nb", "x".repeat(70)],
  varchar: ["", "5", "a", "a ", "é"],
  bpchar: ["", "5", "a", "a ", "é"],
  name: ["", "5", "a", "x".repeat(63)],
  char: ["", "5", "a"],
  bytea: ["", "\\xff", "a"],
  date: ["2020-02-29", "1970-01-01", "infinity"],
  timestamp: ["2020-02-29", "2020-02-29 12:00:00", "infinity"],
  timestamptz: ["2020-02-29 00:00:00+00", "2020-02-29 12:00:00+02", "infinity"],
  uuid: ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
};

const OPERATORS = ["=", "<", "<=", ">", ">="];

/** The literal as a value of the type in PostgreSQL's text form; null where Freshet does not know it. */
function asValue(literal: string, typeOid: number): string | null {
  const shape = inspectStatement(`SELECT 1 FROM t WHERE a = ${literal}`).shape;
  const [parsed] = slotLiterals(must(shape?.slots[0])) ?? [];
  const codec = must(codecs.get(typeOid));
  const bytes = literalToBinary(must(parsed), typeOid, codec, DEFAULT_TEXT_SETTINGS);
  return bytes === undefined ? null : must(codec.toText(bytes, DEFAULT_TEXT_SETTINGS)).toString();
}

const quoted = (text: string): string => `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

it.each(Object.keys(VALUES))("a literal compares with %s like the value that it stands for", async (type) => {
  const typeName = type === "char" ? '"char"' : type;
  const typeOid = must(Object.entries(Oid).find(([name]) => name === type))[1];
  const known: string[] = [];
  const differing: unknown[] = [];
  await withClient(server, async (client) => {
    await client.query("SET timezone = 'UTC'; SET datestyle = 'ISO, MDY'; SET extra_float_digits = 1");
    await client.query(`CREATE TEMP TABLE t AS SELECT a::${typeName} AS a FROM unnest($1::text[]) a`, [VALUES[type]]);
    for (const literal of LITERALS) {
      const value = asValue(literal, typeOid);
      if (value === null) continue;
      known.push(literal);
      const typed = `${quoted(value)}::${typeName}`;
      const conditions = [
        ...OPERATORS.map((operator) => [`a ${operator} ${literal}`, `a ${operator} ${typed}`]),
        ...OPERATORS.map((operator) => [`${literal} ${operator} a`, `${typed} ${operator} a`]),
        [`a IN (${literal}, ${literal})`, `a = ANY (ARRAY[${typed}])`],
        [`a BETWEEN ${literal} AND ${literal}`, `a BETWEEN ${typed} AND ${typed}`],
      ];
      const compared = conditions.map(([left, right]) => `(${left}) IS DISTINCT FROM (${right})`).join(" OR ");
      const { rows } = await client.query<object>(
        `SELECT a::text, ${quoted(literal)} AS literal FROM t WHERE ${compared}`,
      );
      differing.push(...rows);
    }
  });
  expect(differing).toEqual([]);
  expect(known.length).toBeGreaterThan(0);
});
