import { must } from "@freshet/base";
import type { Connection, PostgresServer, TestDatabase } from "@freshet/postgres";
import { createDatabase, startPostgres, withClient } from "@freshet/postgres";
import { inspectStatement, loadParser, planStatement } from "@freshet/sql";
import { createCodecs } from "@freshet/values";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ControlConnection } from "../control/control-connection.ts";
import { intPlan } from "../testing/int-view.ts";
import { statementParameterTypes } from "./parameters.ts";
import { type Privilege, Privileges } from "./privileges.ts";
import { UpstreamLsn } from "./upstream-lsn.ts";

let server: PostgresServer;
let database: TestDatabase;
let control: ControlConnection;

const sql = (text: string, connection: Connection = database): Promise<pg.QueryResult> =>
  withClient(connection, (client) => client.query(text));

beforeAll(async () => {
  await loadParser();
  server = await startPostgres();
  database = await createDatabase(server);
  control = new ControlConnection({
    connectionString: database.url,
    applicationName: "truth",
    connectTimeoutMs: 10_000,
  });
  await sql(`CREATE TABLE kinds (i2 int2, i4 int4, i8 int8, f8 float8, n numeric(6,2), t text COLLATE "C",
    v varchar(9) COLLATE "C", b char(4) COLLATE "C", d date, ts timestamp, tz timestamptz, u uuid, ok bool, by bytea)`);
});
afterAll(async () => {
  await control.close();
  await database.drop();
  await server.stop();
});

test("the types that a cache infers for parameters are those that PostgreSQL describes", async () => {
  const columns = ["i2", "i4", "i8", "f8", "n", "t", "v", "b", "d", "ts", "tz", "u", "ok", "by"];
  const arrays: Readonly<Record<string, string>> = { i4: "int4[]", t: "text[]", u: "uuid[]" };
  const statements = [
    ...columns.map((column) => `SELECT i4 FROM kinds WHERE ${column} = $1`),
    ...columns.map((column) => `SELECT i4 FROM kinds WHERE $1 = ${column} AND i4 > $2 LIMIT $3 OFFSET $4`),
    ...["i4", "i8", "t", "v", "u"].map((column) => `SELECT i4 FROM kinds WHERE ${column} = ANY($1)`),
    ...["i4", "t", "u"].map(
      (column) => `SELECT i4 FROM kinds WHERE i8 = $1 AND ${column} = ANY($2::${arrays[column]})`,
    ),
    ...["i4", "t"].map((column) => `SELECT ${column} FROM kinds GROUP BY ${column} HAVING ${column} = ANY($1)`),
    "SELECT a.i4 FROM kinds a JOIN kinds b ON b.i8 = a.i8 AND b.t = ANY($1) AND a.d > $2 AND a.v IN ($3)",
    "SELECT i4 FROM kinds WHERE i4 = $2 AND i8 BETWEEN $1 AND $3",
    "SELECT i4 FROM kinds WHERE i4 = $1 AND i8 = $1",
  ];
  const differing: unknown[] = [];
  let told = 0;
  for (const text of statements) {
    const { parameters } = await control.exclusive((connection) => connection.describe(text));
    const planning = control.exclusive((connection) =>
      planStatement(connection, { text, searchPath: ["public"], liftLiterals: true }),
    );
    const planned = await planning.catch(() => null);
    if (planned === null) continue;
    const shape = must(inspectStatement(text).shape);
    const types = statementParameterTypes(planned, shape, createCodecs(planned.plan.types));
    if (types === undefined) continue;
    told++;
    if (JSON.stringify(types) !== JSON.stringify(parameters)) differing.push([text, types, parameters]);
  }
  expect(differing).toEqual([]);
  expect(told).toBeGreaterThan(20);
});

test("privileges are those that the upstream would grant", async () => {
  const roles = ["whole", "column", "other_column", "no_schema", "policed", "bypassing"].map((name) => `fr_${name}`);
  await sql(`CREATE SCHEMA hidden;
    CREATE TABLE hidden.kept (id int, secret int, gone int);
    CREATE TABLE hidden.policed (id int); ALTER TABLE hidden.policed ENABLE ROW LEVEL SECURITY;
    ${roles.map((role) => `CREATE ROLE ${role};`).join(" ")}
    ALTER ROLE fr_bypassing BYPASSRLS;
    GRANT USAGE ON SCHEMA hidden TO ${roles.filter((role) => role !== "fr_no_schema").join(", ")};
    GRANT SELECT ON hidden.kept TO fr_whole, fr_no_schema;
    GRANT SELECT (id) ON hidden.kept TO fr_column;
    GRANT SELECT (secret) ON hidden.kept TO fr_other_column;
    GRANT SELECT ON hidden.policed TO fr_policed, fr_bypassing`);
  try {
    const { rows } = await sql(
      "SELECT 'hidden.kept'::regclass::oid::int AS kept, 'hidden.policed'::regclass::oid::int AS policed",
    );
    const { kept, policed } = must(rows[0]);
    const privileges = new Privileges(
      (text) => control.query(text),
      0,
      () => 0,
    );
    const ask = (role: string, relation: number, attributes: readonly number[]): Promise<Privilege> =>
      privileges.ask(role, { ...intPlan(1, 1), privileges: [{ relation, attributes, role: null, named: true }] });
    expect(await Promise.all(roles.slice(0, 4).map((role) => ask(role, kept, [1])))).toEqual([
      "granted",
      "granted",
      "privilege",
      "privilege",
    ]);
    expect(await ask("fr_column", kept, [1, 2])).toBe("privilege");
    expect(await ask("fr_other_column", kept, [0])).toBe("granted");
    expect(await ask("fr_policed", kept, [0])).toBe("privilege");
    expect(await ask("fr_policed", policed, [1])).toBe("row_level_security");
    expect(await ask("fr_bypassing", policed, [1])).toBe("granted");
    expect(await ask(server.user, policed, [1])).toBe("granted");
    expect(await ask("nobody's \\ role", kept, [1])).toBe("privilege");
    await sql("ALTER TABLE hidden.kept DROP COLUMN gone");
    expect(await ask("fr_whole", kept, [1, 3])).toBe("privilege");
    await sql("DROP TABLE hidden.kept");
    expect(await ask("fr_whole", kept, [1])).toBe("privilege");
    expect(await ask(server.user, kept, [0])).toBe("privilege");
  } finally {
    await sql(`DROP SCHEMA hidden CASCADE; DROP ROLE ${roles.join(", ")}`);
  }
});

test("behind a view the privileges of its owner count, and the policies that hold for the owner", async () => {
  const roles = ["fr_view_owner", "fr_table_owner", "fr_view_reader"];
  await sql(`CREATE SCHEMA inner_schema;
    ${roles.map((role) => `CREATE ROLE ${role};`).join(" ")}
    GRANT USAGE ON SCHEMA inner_schema TO fr_table_owner;
    CREATE TABLE inner_schema.rows (id int, secret int);
    ALTER TABLE inner_schema.rows OWNER TO fr_table_owner;
    GRANT SELECT (id) ON inner_schema.rows TO fr_view_owner`);
  try {
    const { rows } = await sql(`SELECT 'inner_schema.rows'::regclass::oid::int AS relation,
      'fr_view_owner'::regrole::oid::int AS view_owner, 'fr_table_owner'::regrole::oid::int AS table_owner`);
    const { relation, view_owner: viewOwner, table_owner: tableOwner } = must(rows[0]);
    const privileges = new Privileges(
      (text) => control.query(text),
      0,
      () => 0,
    );
    const ask = (role: number | null, attributes: readonly number[]): Promise<Privilege> =>
      privileges.ask("fr_view_reader", {
        ...intPlan(1, 1),
        privileges: [{ relation, attributes, role, named: role === null }],
      });
    expect(await Promise.all([ask(viewOwner, [1]), ask(viewOwner, [1, 2]), ask(null, [1]), ask(1, [1])])).toEqual([
      "granted",
      "privilege",
      "privilege",
      "privilege",
    ]);
    await sql("ALTER TABLE inner_schema.rows ENABLE ROW LEVEL SECURITY");
    expect(await Promise.all([ask(viewOwner, [1]), ask(tableOwner, [1, 2])])).toEqual([
      "row_level_security",
      "granted",
    ]);
    await sql("ALTER TABLE inner_schema.rows FORCE ROW LEVEL SECURITY");
    expect(await ask(tableOwner, [1])).toBe("row_level_security");
    await sql("ALTER ROLE fr_table_owner BYPASSRLS");
    expect(await ask(tableOwner, [1])).toBe("granted");
  } finally {
    await sql(`DROP SCHEMA inner_schema CASCADE; DROP ROLE ${roles.join(", ")}`);
  }
});

test("the upstream's position is never before a commit that came before the question", async () => {
  const upstreamLsn = new UpstreamLsn(control);
  const before = await upstreamLsn.current();
  await sql("CREATE TABLE moved (id int)");
  const positions = await Promise.all([upstreamLsn.current(), upstreamLsn.current()]);
  for (const position of positions) expect(position).toBeGreaterThan(before);
});
