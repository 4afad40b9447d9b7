import { must, SeededRandom } from "@freshet/base";
import { createDatabase, type PostgresServer, startPostgres, type TestDatabase } from "@freshet/postgres";
import { type AnalysisConnection, type QueryPlan, planStatement } from "@freshet/sql";
import { createCodecs, DEFAULT_TEXT_SETTINGS, packRow, type Row, unpackRow } from "@freshet/values";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { analysisConnection } from "../testing/analysis-connection.ts";
import { binary } from "../testing/plan-arbitrary.ts";
import { randomRows, SUBQUERY_SCHEMA, SubqueryGenerator } from "../testing/random-subqueries.ts";
import { ReferenceEvaluator, type ReferenceTable } from "./evaluate-plan.ts";

const AS_TEXT: pg.CustomTypesConfig = { getTypeParser: () => (text: string) => text };
const MORE_THAN_ONE_ROW = "21000";
const TABLES = ["t1", "t2", "t3"];

let server: PostgresServer;
let database: TestDatabase;
let client: pg.Client;
let connection: AnalysisConnection;

beforeAll(async () => {
  server = await startPostgres();
  database = await createDatabase(server);
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(SUBQUERY_SCHEMA);
  connection = analysisConnection(client);
});

afterAll(async () => {
  await client.end();
  await database.drop();
  await server.stop();
});

async function rowsOf(text: string): Promise<(string | null)[][]> {
  const { rows } = await client.query<(string | null)[]>({ text, rowMode: "array", types: AS_TEXT });
  return rows;
}

async function readTables(): Promise<Map<number, ReferenceTable>> {
  const tables = new Map<number, ReferenceTable>();
  for (const name of TABLES) {
    const [row] = await rowsOf(`SELECT '${name}'::regclass::oid`);
    const types = await rowsOf(`SELECT atttypid FROM pg_attribute WHERE attrelid = '${name}'::regclass AND attnum > 0`);
    const packed = (values: readonly (string | null)[]): Row =>
      packRow(
        values.map((value, index) => binary({ typeOid: Number(types[index]?.[0]), typmod: -1, collation: 0 }, value)),
      );
    tables.set(Number(row?.[0]), {
      attributes: [1, 2, 3, 4],
      rows: (await rowsOf(`SELECT * FROM ${name}`)).map(packed),
    });
  }
  return tables;
}

/** PostgreSQL's rows as a sorted list of texts, or its SQLSTATE. */
async function answer(text: string): Promise<readonly string[] | string> {
  try {
    return bag(await rowsOf(text));
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code !== undefined) return error.code;
    throw error;
  }
}

function bag(rows: readonly (readonly (string | null)[])[]): readonly string[] {
  return rows.map((row) => row.map((value) => value ?? "NULL").join(" | ")).sort();
}

/** Of DISTINCT, UNION and max it is open which of several equal numbers is in the answer. */
function unscaled(answer: readonly string[]): readonly string[] {
  return answer.map((row) => row.replaceAll(/(\.\d*?)0+\b/g, "$1").replaceAll(/\.(?!\d)/g, "")).sort();
}

/** A plan's rows in PostgreSQL's text form. */
function asTexts(plan: QueryPlan, rows: readonly Row[]): (string | null)[][] {
  const codecs = createCodecs(plan.types);
  return rows.map((row) =>
    unpackRow(row).map((value, index) =>
      value === null
        ? null
        : (must(codecs.get(must(plan.result[index]).typeOid))
            .toText(value, DEFAULT_TEXT_SETTINGS)
            ?.toString() ?? null),
    ),
  );
}

/** The plan's rows as texts; undefined where an expression fails. */
async function planned(
  text: string,
  tables: ReadonlyMap<number, ReferenceTable>,
): Promise<readonly string[] | undefined> {
  const { plan } = await planStatement(connection, { text, searchPath: ["public"], liftLiterals: false });
  const reference = new ReferenceEvaluator(tables, createCodecs(plan.types));
  const rows = reference.evaluate(plan.plan);
  return reference.errors > 0 ? undefined : bag(asTexts(plan, rows));
}

const SEEDS = [1, 2, 3, 4, 5, 6];
const QUERIES = 20;

test.each(SEEDS)("plans of queries with subqueries give PostgreSQL's rows (seed %i)", async (seed) => {
  const random = new SeededRandom(seed);
  for (const name of TABLES) await client.query(`TRUNCATE ${name}; INSERT INTO ${name} ${randomRows(random)}`);
  const tables = await readTables();
  const generator = new SubqueryGenerator(random);
  let answered = 0;
  for (let index = 0; index < QUERIES; index++) {
    const text = generator.query();
    const expected = await answer(text);
    const rows = await planned(text, tables);
    // What fails here is forwarded. Whether PostgreSQL comes to a row that fails hangs on its plan.
    if (rows === undefined || expected === MORE_THAN_ONE_ROW) continue;
    if (typeof expected === "string") throw new Error(`${expected}: ${text}`);
    const exact = !/DISTINCT|UNION|max/.test(text);
    expect([text, exact ? rows : unscaled(rows)]).toEqual([text, exact ? expected : unscaled(expected)]);
    answered += 1;
  }
  expect(answered).toBeGreaterThan(QUERIES / 2);
});
