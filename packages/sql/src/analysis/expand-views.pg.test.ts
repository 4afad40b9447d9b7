import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { QueryPlan } from "../plan/query-plan.ts";
import { AnalysisDatabase } from "../testing/analysis-database.ts";
import type { AnalysisConnection } from "./analysis-connection.ts";
import { planStatement } from "./plan-statement.ts";

const SCHEMA = `
CREATE TABLE accounts (id int PRIMARY KEY, owner text, gone int, amount numeric);
ALTER TABLE accounts DROP COLUMN gone;
CREATE VIEW rich (no, who) AS SELECT id, owner FROM accounts WHERE amount > 100;
CREATE VIEW named WITH (security_barrier) AS SELECT no AS number, upper(who COLLATE "C") AS name FROM rich;
CREATE VIEW counted AS SELECT owner, count(*) AS n FROM accounts GROUP BY owner ORDER BY owner;
CREATE VIEW twice AS WITH w AS (SELECT * FROM rich) SELECT a.no, b.who FROM w a JOIN rich b ON b.no = a.no;
CREATE VIEW clocked AS SELECT id, now() AS at FROM accounts;
CREATE VIEW catalog AS SELECT relname FROM pg_class;
CREATE ROLE freshet_view_owner;
CREATE VIEW owned AS SELECT id FROM accounts;
ALTER VIEW owned OWNER TO freshet_view_owner;
`;

const RICH = "(SELECT id AS no, owner AS who FROM accounts WHERE amount > 100)";

let database: AnalysisDatabase;
let client: pg.Client;
let connection: AnalysisConnection;

beforeAll(async () => {
  database = await AnalysisDatabase.start(SCHEMA);
  ({ client, connection } = database);
});

afterAll(() => database.stop(["freshet_view_owner"]));

async function plan(text: string): Promise<QueryPlan> {
  return (await planStatement(connection, { text, searchPath: ["public"], liftLiterals: true })).plan;
}

describe("a view", () => {
  it.each([
    ["SELECT who FROM rich WHERE no = $1", `SELECT who FROM ${RICH} rich WHERE no = $1`],
    ["SELECT * FROM named n", `SELECT * FROM (SELECT no, upper(who COLLATE "C") FROM ${RICH} r) n`],
    [
      "SELECT n FROM counted WHERE n > 2",
      "SELECT n FROM (SELECT count(*) AS n FROM accounts GROUP BY owner) c WHERE n > 2",
    ],
    ["SELECT * FROM twice", `SELECT a.no, b.who FROM (SELECT * FROM ${RICH} r) a JOIN ${RICH} b ON b.no = a.no`],
    [
      "SELECT l.no FROM rich l LEFT JOIN rich r USING (no) UNION ALL SELECT number FROM named",
      `SELECT l.no FROM ${RICH} l LEFT JOIN ${RICH} r USING (no) UNION ALL SELECT no FROM ${RICH} n`,
    ],
  ])("has its query in its place: %s", async (viewed, written) => {
    const [over, plain] = [await plan(viewed), await plan(written)];
    expect(over.plan).toEqual(plain.plan);
    expect(over.tables).toEqual(plain.tables);
    expect(over.equality).toEqual(plain.equality);
  });

  it("is refused for what its query does", async () => {
    await expect(plan("SELECT at FROM clocked")).rejects.toThrow("now() is STABLE");
    await expect(plan("SELECT * FROM catalog")).rejects.toThrow("system catalog");
    await expect(plan("SELECT 1 FROM pg_tables")).rejects.toThrow("cannot cache");
  });

  it("needs the reader's privileges on itself and its owner's on what it reads", async () => {
    const oid = async (sql: string): Promise<number> => Number((await connection.query(`SELECT ${sql}`))[0]?.[0]);
    const [accounts, rich, named, owned] = [
      await oid("'accounts'::regclass::oid"),
      await oid("'rich'::regclass::oid"),
      await oid("'named'::regclass::oid"),
      await oid("'owned'::regclass::oid"),
    ];
    const [me, owner] = [await oid("current_user::regrole::oid"), await oid("'freshet_view_owner'::regrole::oid")];
    expect((await plan("SELECT number FROM named")).privileges).toEqual([
      { relation: accounts, attributes: [1, 2, 4], role: me, named: false },
      { relation: rich, attributes: [1, 2], role: me, named: false },
      { relation: named, attributes: [1], role: null, named: true },
    ]);
    expect((await plan("SELECT o.id FROM owned o JOIN accounts a ON a.id = o.id")).privileges).toEqual([
      { relation: accounts, attributes: [1], role: null, named: true },
      { relation: accounts, attributes: [1], role: owner, named: false },
      { relation: owned, attributes: [1], role: null, named: true },
    ]);
    await client.query("ALTER VIEW rich SET (security_invoker = on)");
    expect((await plan("SELECT number FROM named")).privileges).toEqual([
      { relation: accounts, attributes: [1, 2, 4], role: null, named: false },
      { relation: rich, attributes: [1, 2], role: me, named: false },
      { relation: named, attributes: [1], role: null, named: true },
    ]);
  });

  it("means something else after it was replaced", async () => {
    const before = await plan("SELECT * FROM counted");
    await client.query(
      "CREATE OR REPLACE VIEW counted AS SELECT owner, count(amount) AS n FROM accounts GROUP BY owner",
    );
    expect((await plan("SELECT * FROM counted")).plan).not.toEqual(before.plan);
    await client.query("DROP VIEW counted");
    await expect(plan("SELECT * FROM counted")).rejects.toMatchObject({ code: "42P01" });
  });
});
