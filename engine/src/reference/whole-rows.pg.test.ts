import { must } from "@freshet/base";
import { createDatabase, type PostgresServer, startPostgres, type TestDatabase } from "@freshet/postgres";
import { type AnalysisConnection, planStatement } from "@freshet/sql";
import { createCodecs, DEFAULT_TEXT_SETTINGS, packRow, unpackRow } from "@freshet/values";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { analysisConnection } from "../testing/analysis-connection.ts";
import { binary } from "../testing/plan-arbitrary.ts";
import { ReferenceEvaluator, type ReferenceTable } from "./evaluate-plan.ts";

const AS_TEXT: pg.CustomTypesConfig = { getTypeParser: () => (text: string) => text };
const TABLES = ["parent", "child"];

const SCHEMA = `
  CREATE TABLE parent (id int4 PRIMARY KEY, "the ""name""" text COLLATE "C");
  CREATE TABLE child (id int4 PRIMARY KEY, parent int4, note text COLLATE "C", amount numeric);
  INSERT INTO parent VALUES (1, 'a'), (2, NULL), (3, 'say "x"'), (4, 'd');
  INSERT INTO child VALUES (1, 1, 'a', 1.50), (2, 1, NULL, NULL), (3, 3, 'b', 'NaN'), (4, NULL, '', 7);`;

let server: PostgresServer;
let database: TestDatabase;
let client: pg.Client;
let connection: AnalysisConnection;

beforeAll(async () => {
  server = await startPostgres();
  database = await createDatabase(server);
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(SCHEMA);
  connection = analysisConnection(client);
});

afterAll(async () => {
  await client.end();
  await database.drop();
  await server.stop();
});

type Texts = (string | null)[][];

async function rowsOf(text: string): Promise<Texts> {
  const { rows } = await client.query<(string | null)[]>({ text, rowMode: "array", types: AS_TEXT });
  return rows;
}

async function readTables(): Promise<Map<number, ReferenceTable>> {
  const tables = new Map<number, ReferenceTable>();
  for (const name of TABLES) {
    const [oid] = await rowsOf(`SELECT '${name}'::regclass::oid`);
    const types = await rowsOf(
      `SELECT atttypid FROM pg_attribute WHERE attrelid = '${name}'::regclass AND attnum > 0 ORDER BY attnum`,
    );
    const values = await rowsOf(`SELECT * FROM ${name}`);
    tables.set(Number(oid?.[0]), {
      attributes: types.map((_type, index) => index + 1),
      rows: values.map((row) =>
        packRow(
          row.map((value, index) => binary({ typeOid: Number(types[index]?.[0]), typmod: -1, collation: 0 }, value)),
        ),
      ),
    });
  }
  return tables;
}

/** The plan's rows as texts. */
async function planned(text: string): Promise<Texts> {
  const { plan } = await planStatement(connection, { text, searchPath: ["public"], liftLiterals: false });
  const codecs = createCodecs(plan.types);
  const reference = new ReferenceEvaluator(await readTables(), codecs);
  const rows = reference.evaluate(plan.plan);
  expect(reference.errors).toBe(0);
  return rows.map((row) =>
    unpackRow(row).map((value, index) => {
      const codec = must(codecs.get(must(plan.result[index]).typeOid));
      return value === null ? null : must(codec.toText(value, DEFAULT_TEXT_SETTINGS)).toString();
    }),
  );
}

const JOINED = "parent p LEFT JOIN child c ON c.parent = p.id";

const QUERIES = [
  "SELECT row_to_json(p) FROM parent p",
  "SELECT to_jsonb(c) FROM child c",
  `SELECT p.id, row_to_json(c) FROM ${JOINED}`,
  `SELECT p.id, json_agg(c ORDER BY c.id) FROM ${JOINED} GROUP BY p.id`,
  `SELECT p.id, jsonb_agg(c ORDER BY c.id) FROM ${JOINED} GROUP BY p.id`,
  `SELECT p.id, coalesce(json_agg(row_to_json(c) ORDER BY c.id) FILTER (WHERE c.id IS NOT NULL), '[]') FROM ${JOINED} GROUP BY p.id`,
  "SELECT json_object_agg(p.id, p ORDER BY p.id), jsonb_object_agg(p.id, p) FROM parent p",
  "SELECT p.id, (SELECT json_agg(c ORDER BY c.id) FROM child c WHERE c.parent = p.id) FROM parent p",
  "SELECT json_build_object('parent', p, 'of', jsonb_build_array(p)) FROM parent p",
  `SELECT p.id FROM ${JOINED} WHERE c IS NULL`,
  `SELECT p.id, c.id FROM ${JOINED} WHERE c IS NOT NULL`,
  `SELECT p.id, c.id, c IS NULL, c IS NOT NULL, NOT (c IS NULL), ROW(p.id, c.id) IS NULL FROM ${JOINED}`,
  `SELECT p.id, c FROM ${JOINED}`,
  "SELECT p.id FROM parent p WHERE p = ROW(1, 'a')::parent OR p IS NOT DISTINCT FROM ROW(2, NULL)::parent",
  `SELECT p.id, (p.id, p."the ""name""") IS DISTINCT FROM (c.parent, c.note) FROM ${JOINED}`,
  'SELECT p.id FROM parent p WHERE (p.id, p."the ""name""") IN (SELECT c.parent, c.note FROM child c)',
  "SELECT a.id, b.id FROM child a, child b WHERE (a.amount, a.note) < (b.amount, b.note)",
  "SELECT max(c.id), count(c), count(DISTINCT c) FROM child c",
];

function bag(rows: Texts): readonly string[] {
  return rows.map((row) => row.map((value) => value ?? "NULL").join(" | ")).sort();
}

test.each(QUERIES)("%s", async (text) => {
  expect(bag(await planned(text))).toEqual(bag(await rowsOf(text)));
});

test("rows within rows are refused as JSON: their names are not part of the plan", async () => {
  await client.query("CREATE TYPE wrapped AS (p parent); CREATE TABLE wrapping (id int4 PRIMARY KEY, w wrapped)");
  await expect(planned("SELECT to_json(w) FROM wrapping")).rejects.toThrow("rows in it");
});
