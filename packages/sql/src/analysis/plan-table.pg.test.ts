import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planLines } from "../plan/plan-lines.ts";
import type { QueryPlan } from "../plan/query-plan.ts";
import { AnalysisDatabase } from "../testing/analysis-database.ts";
import type { AnalysisConnection } from "./analysis-connection.ts";
import { planStatement } from "./plan-statement.ts";

const SCHEMA = `
CREATE TABLE events (id int, at date, kind text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE events_old (gone int, kind text, at date NOT NULL, id int NOT NULL);
ALTER TABLE events_old DROP COLUMN gone;
ALTER TABLE events ATTACH PARTITION events_old FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
CREATE TABLE events_new PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY RANGE (id);
CREATE TABLE events_new_low PARTITION OF events_new FOR VALUES FROM (0) TO (100);
CREATE TABLE events_new_rest PARTITION OF events_new DEFAULT;
CREATE TABLE empty (id int) PARTITION BY HASH (id);
CREATE TABLE animals (id int PRIMARY KEY, name text);
CREATE TABLE owned (owner text);
CREATE TABLE pets (tag text) INHERITS (owned, animals);
CREATE TABLE dogs (name text, breed text) INHERITS (pets);
CREATE TABLE remote (id int);
CREATE UNLOGGED TABLE remote_fast () INHERITS (remote);
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
CREATE TABLE spread (id int) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE spread_far PARTITION OF spread DEFAULT SERVER nowhere;
CREATE TABLE computed (id int PRIMARY KEY, first text, price numeric, tax numeric GENERATED ALWAYS AS (price * 0.2) STORED,
  label varchar(20) GENERATED ALWAYS AS ('<' || first || '>') STORED, twice int GENERATED ALWAYS AS (id * 2) STORED,
  shape xml GENERATED ALWAYS AS (xmlforest(id AS x)) STORED);
CREATE TABLE computed_more (gone int, LIKE computed INCLUDING GENERATED);
ALTER TABLE computed_more DROP gone;
ALTER TABLE computed_more INHERIT computed;
CREATE TABLE shots (gone int, id int PRIMARY KEY, taken pg_snapshot);
ALTER TABLE shots DROP gone;
`;

let database: AnalysisDatabase;
let client: pg.Client;
let connection: AnalysisConnection;
let names: ReadonlyMap<number, string>;

beforeAll(async () => {
  database = await AnalysisDatabase.start(SCHEMA);
  ({ client, connection } = database);
  names = await database.names();
});

afterAll(() => database.stop());

async function plan(text: string): Promise<QueryPlan> {
  return (await planStatement(connection, { text, searchPath: ["public"], liftLiterals: true })).plan;
}

async function lines(text: string): Promise<string[]> {
  return planLines((await plan(text)).plan, { table: (oid) => names.get(oid) ?? String(oid) });
}

describe("a reference to a table", () => {
  it("reads all partitions at all levels, each column where it stands there", async () => {
    expect(await lines("SELECT id, kind FROM events")).toEqual([
      "Union All",
      "  Scan events_old (attributes 4, 2)",
      "  Scan events_new_low (attributes 1, 3)",
      "  Scan events_new_rest (attributes 1, 3)",
    ]);
    expect(await lines("SELECT id, at FROM events_new WHERE id = 3")).toEqual([
      "Union All",
      "  Scan events_new_low (attributes 1, 2)",
      "  Scan events_new_rest (attributes 1, 2)",
    ]);
    expect(await lines("SELECT kind FROM events_old")).toEqual(["Scan events_old (attributes 2)"]);
  });

  it("needs privileges on the table that is named, and follows those that hold the rows", async () => {
    const { tables, privileges, resultKey } = await plan("SELECT id, at FROM events");
    expect(tables.map(({ name }) => name)).toEqual(["events_old", "events_new_low", "events_new_rest"]);
    expect(privileges.map(({ relation, attributes }) => [names.get(relation), attributes])).toEqual([
      ["events", [1, 2]],
    ]);
    expect(resultKey).toEqual([0, 1]);
  });

  it("reads the tables that inherit from it, unless ONLY is written", async () => {
    expect(await lines("SELECT id FROM animals")).toEqual([
      "Union All",
      "  Scan animals (attributes 1)",
      "  Scan pets (attributes 2)",
      "  Scan dogs (attributes 2)",
    ]);
    expect((await plan("SELECT id FROM animals")).resultKey).toBeNull();
    expect((await plan("SELECT id FROM ONLY animals")).resultKey).toEqual([0]);
    expect(await lines("SELECT name FROM ONLY animals")).toEqual(["Scan animals (attributes 2)"]);
    expect(await lines("SELECT count(*) FROM owned")).toContain("    Scan dogs (attributes )");
  });

  it("may read no table at all", async () => {
    expect(await lines("SELECT id FROM empty")).toEqual(["Union All"]);
    expect(await lines("SELECT id FROM ONLY events")).toEqual(["Union All"]);
  });

  it("tells of each row which table it is from", async () => {
    const [old, added] = [...names].filter(([, name]) => ["events_old", "events_new_low"].includes(name));
    const text = (await lines("SELECT tableoid, id FROM events")).join("\n");
    for (const found of [old, added]) {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(found?.[0] ?? 0);
      expect(text).toContain(JSON.stringify(bytes.toString("latin1")));
    }
  });

  it("names the column that keeps a whole row from being a value", async () => {
    for (const text of ["SELECT s FROM shots s", "SELECT count(s) FROM shots s", "SELECT s.taken FROM shots s"])
      await expect(plan(text)).rejects.toMatchObject({
        message: expect.stringContaining("column s.taken has type pg_snapshot, which is not supported"),
      });
    expect(await lines("SELECT s.id FROM shots s")).toEqual(["Scan shots (attributes 2)"]);
  });

  it("passes over other sessions' temporary tables", async () => {
    await client.query("CREATE TEMP TABLE passing () INHERITS (animals)");
    expect(await lines("SELECT id FROM animals")).toHaveLength(4);
    await client.query("DROP TABLE passing");
  });

  it("sees what is attached and detached", async () => {
    await client.query("ALTER TABLE events DETACH PARTITION events_old");
    expect(await lines("SELECT id FROM events")).toHaveLength(3);
    await client.query("ALTER TABLE events ATTACH PARTITION events_old DEFAULT");
    expect(await lines("SELECT id FROM events")).toHaveLength(4);
  });

  it("is refused where some of its rows are not in the log", async () => {
    await expect(plan("SELECT id FROM remote")).rejects.toThrow("public.remote_fast is an unlogged table");
    await expect(plan("SELECT id FROM spread")).rejects.toThrow("public.spread_far is a foreign table");
    expect(await lines("SELECT id FROM ONLY remote")).toEqual(["Scan remote (attributes 1)"]);
  });
});

describe("a generated column", () => {
  it("is computed over the columns that it depends on, wherever they stand in each table", async () => {
    expect(await lines("SELECT id, twice FROM computed")).toEqual([
      "Union All",
      String.raw`  Project #0, int4mul(#0, "\u0000\u0000\u0000\u0002")`,
      "    Scan computed (attributes 1)",
      String.raw`  Project #0, int4mul(#0, "\u0000\u0000\u0000\u0002")`,
      "    Scan computed_more (attributes 2)",
    ]);
    expect((await lines("SELECT label, tax FROM ONLY computed")).at(-1)).toBe("  Scan computed (attributes 3, 2)");
    expect(await lines("SELECT id FROM ONLY computed WHERE price IS NULL")).toContain(
      "    Scan computed (attributes 1, 3)",
    );
  });

  it("may be a key", async () => {
    const { equality, privileges } = await plan("SELECT id FROM ONLY computed WHERE twice = $1");
    expect(equality).toEqual([{ column: 1, parameter: 0 }]);
    expect(privileges[0]?.attributes).toEqual([1, 6]);
  });

  it("is refused for what its expression does", async () => {
    await expect(plan("SELECT shape FROM computed")).rejects.toThrow("XML function");
  });
});
