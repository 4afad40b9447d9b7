import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AnalysisConnection } from "../analysis/analysis-connection.ts";
import { AnalysisDatabase } from "../testing/analysis-database.ts";
import type { InvalidationPlan } from "./invalidation-plan.ts";
import { planInvalidation } from "./plan-invalidation.ts";

const SCHEMA = `
CREATE TABLE a (id int PRIMARY KEY, t text, d date, ts timestamp, tz timestamptz, j jsonb, i interval, n numeric, tt timetz);
CREATE TABLE b (id int PRIMARY KEY, a int);
CREATE UNLOGGED TABLE u (id int);
CREATE MATERIALIZED VIEW m AS SELECT id FROM a;
CREATE SEQUENCE s;
CREATE TABLE parent (id int);
CREATE TABLE child (extra int) INHERITS (parent);
CREATE TABLE parted (id int) PARTITION BY RANGE (id);
CREATE TABLE low PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE TABLE high PARTITION OF parted FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id);
CREATE TABLE ten PARTITION OF high FOR VALUES IN (10);
CREATE VIEW v AS SELECT b.id, a.t FROM b JOIN a ON a.id = b.a;
CREATE VIEW timed AS SELECT id, tz > now() AS later FROM a;
CREATE VIEW constant AS SELECT id FROM a WHERE d > DATE 'today';
CREATE FUNCTION kept(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION stable(int) RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN $1; END';
CREATE FUNCTION volatile(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN $1; END';
CREATE AGGREGATE odd (int) (SFUNC = int4pl, STYPE = int4, INITCOND = '0');
CREATE FUNCTION drift(int, int) RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN $1; END';
CREATE AGGREGATE drifting (int) (SFUNC = drift, STYPE = int4, INITCOND = '0');
CREATE OPERATOR <~> (LEFTARG = int, RIGHTARG = int, FUNCTION = drift);
CREATE DOMAIN day AS date;
CREATE TYPE mood AS ENUM ('low', 'high');
CREATE TABLE c (id int PRIMARY KEY, m mood);
`;

let database: AnalysisDatabase;
let connection: AnalysisConnection;

beforeAll(async () => {
  database = await AnalysisDatabase.start(SCHEMA);
  ({ connection } = database);
});

afterAll(() => database.stop());

function plan(text: string): Promise<InvalidationPlan> {
  return planInvalidation(connection, { text, searchPath: ["public"] });
}

const tablesOf = async (text: string): Promise<string> => (await plan(text)).tables.map(({ name }) => name).join(" ");

describe("planInvalidation", () => {
  it.each([
    ["SELECT t FROM v", "a b"],
    ["SELECT id FROM parent", "parent child"],
    ["SELECT id FROM ONLY parent", "parent"],
    ["SELECT id FROM parted", "low ten"],
    ["SELECT id FROM high", "ten"],
    ["SELECT 1 WHERE EXISTS (SELECT FROM a) OR 2 IN (SELECT id FROM b)", "a b"],
    ["WITH RECURSIVE r AS (SELECT 1 AS id UNION SELECT b.a FROM r JOIN b USING (id)) SELECT * FROM r", "b"],
    ["SELECT sum(n) OVER (ORDER BY id) FROM a", "a"],
    ["SELECT 1", ""],
  ])("finds the tables of %s", async (text, tables) => {
    expect(await tablesOf(text)).toBe(tables);
  });

  it.each([
    ["SELECT now()", "now() is STABLE"],
    ["SELECT id FROM a WHERE tz = CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP is STABLE"],
    ["SELECT id FROM a WHERE tz > CURRENT_TIMESTAMP(0)", "CURRENT_TIMESTAMP is STABLE"],
    ["SELECT id FROM a WHERE tz > now() - $1::interval", "now() is STABLE"],
    ["SELECT id FROM a WHERE tz > now() - i", "now() is STABLE"],
    ["SELECT id FROM a WHERE tz + i > now()", "now() is STABLE"],
    ["SELECT id FROM a WHERE now() > '2020-01-01'", "now() is STABLE"],
    [
      "SELECT id FROM (SELECT id, max(tz) AS tz FROM a GROUP BY id) q WHERE tz > now()",
      "something else than a table's column",
    ],
    [
      "SELECT id FROM b WHERE EXISTS (SELECT FROM a WHERE a.id = b.a AND a.tz > now()) AND now() IS NOT NULL",
      "now() is STABLE",
    ],
    ["SELECT CURRENT_USER", "CURRENT_USER is STABLE"],
    ["SELECT id FROM a WHERE tz > date_trunc('hour', now())", "now() is STABLE"],
    ["SELECT random()", "random() is VOLATILE"],
    ["SELECT stable(id) FROM a", "public.stable() is STABLE"],
    ["SELECT volatile(id) FROM a", "public.volatile() is VOLATILE"],
    ["SELECT drifting(id) FROM a", "public.drift() is STABLE"],
    ["SELECT id <~> 1 FROM a", "public.drift() is STABLE"],
    ["SELECT nextval('s')", "nextval() is VOLATILE"],
    ["SELECT last_value FROM s", "public.s is a sequence"],
    ["SELECT id FROM u", "unlogged"],
    ["SELECT id FROM m", "materialized view"],
    ["SELECT relname FROM pg_class", "system catalog"],
    ["SELECT id FROM b WHERE b = $1", "does not tell the type of a parameter"],
    ["SELECT id FROM a WHERE ctid = '(0,1)'", "system columns"],
    ["SELECT (SELECT max(xmin::text) FROM b WHERE b.a = a.id) FROM a", "system columns"],
    ["SELECT id FROM a TABLESAMPLE bernoulli (10)", "TABLESAMPLE"],
    ["SELECT current_setting('work_mem')", "current_setting() is STABLE"],
    ["SELECT t::date FROM a", "may stand for the current date"],
    ["SELECT (t::text)::day FROM a", "may stand for the current date"],
    ["SELECT id FROM a WHERE d = 'today'", "may stand for the current date or time"],
    ["SELECT id FROM a WHERE d = ANY ('{tomorrow}'::date[])", "may stand for the current date or time"],
    ["SELECT tt FROM a WHERE tt > '12:00'::timetz", "time with time zone"],
    ["SELECT 'a'::regclass::text", "names in the catalog"],
    ["SELECT jsonb_populate_record(NULL::b, j) FROM a", "jsonb_populate_record() is STABLE"],
    ["SELECT timezone('Europe/Vienna', tt) FROM a", "timezone() is STABLE"],
  ])("refuses %s", async (text, reason) => {
    await expect(plan(text)).rejects.toMatchObject({ code: "0A000", message: expect.stringContaining(reason) });
  });

  it.each([
    "SELECT to_char(tz, 'HH24'), tz::text, d::timestamptz, format('%s', i), concat(id, ts) FROM a",
    "SELECT date_trunc('day', tz), extract(hour FROM tz), tz - interval '1 day', tz::date FROM a WHERE d < tz",
    "SELECT to_jsonb(a), row_to_json(a), json_agg(t ORDER BY id), jsonb_object_agg(id, t) FROM a GROUP BY a.id",
    "SELECT id, odd(id) FROM a GROUP BY id",
    "SELECT (j ->> 'n')::int, t::numeric, '{1,2}'::text::int[], (j ->> 'i')::interval FROM a",
    "SELECT id FROM constant",
    "SELECT g FROM a, generate_series(tz, tz + i, i) g",
    "SELECT to_tsvector('english', t) @@ to_tsquery('cats') FROM a",
  ])("takes what follows from tables and settings: %s", async (text) => {
    expect(await plan(text)).toMatchObject({ expiry: "never", shapeKey: expect.any(String) });
  });

  it("knows the labels that a schema change can rename", async () => {
    const { enums } = await plan("SELECT concat(id, m) FROM c WHERE m <> $1");
    expect(enums.map(([, labels]) => labels)).toEqual(['["low", "high"]']);
  });

  it.each([
    "SELECT CURRENT_DATE",
    "SELECT id, age(ts) FROM a",
    "SELECT id FROM a WHERE tz::date = now()::date",
    "SELECT id FROM a WHERE tz >= date_trunc('month', CURRENT_TIMESTAMP) - interval '1 year'",
    "SELECT id FROM a WHERE d < LOCALTIMESTAMP::date",
  ])("knows that %s changes at midnight", async (text) => {
    expect((await plan(text)).expiry).toBe("midnight");
  });

  it.each([
    ["SELECT id FROM a WHERE tz > now()", [["public.a", "tz", true, "now", []]]],
    ["SELECT later FROM timed", [["public.a", "tz", true, "now", []]]],
    [
      "SELECT count(*) FROM a WHERE tz BETWEEN now() - interval '7 days' AND CURRENT_TIMESTAMP + '1:30'::interval",
      [
        ["public.a", "tz", true, "now", ["-7 days"]],
        ["public.a", "tz", true, "now", ["1 hours", "30 minutes"]],
      ],
    ],
    [
      "SELECT id FROM a WHERE LOCALTIMESTAMP - '1 year 2 days'::interval < ts OR now()::timestamp > ts",
      [
        ["public.a", "ts", false, "local", ["-12 months", "-2 days"]],
        ["public.a", "ts", false, "local", []],
      ],
    ],
    ["SELECT id FROM a WHERE ts >= now() - interval '1 day'", [["public.a", "ts", true, "now", ["-1 days"]]]],
    ["SELECT id FROM a WHERE d <= now() AND id = $1", [["public.a", "d", true, "now", []]]],
    ["SELECT id FROM a WHERE ts > (now() AT TIME ZONE 'Europe/Vienna')", [["public.a", "ts", false, "zone", []]]],
    ["SELECT id FROM a WHERE now() - tz < interval '1 day'", [["public.a", "tz", true, "now", ["-24 hours"]]]],
    ["SELECT id FROM a WHERE interval '1 month' > tz - now()", [["public.a", "tz", true, "now", ["720 hours"]]]],
    [
      "SELECT id FROM b WHERE EXISTS (SELECT FROM a WHERE a.id = b.a AND a.tz > now())",
      [["public.a", "tz", true, "now", []]],
    ],
    [
      "SELECT id FROM a WHERE tz > now() UNION SELECT id FROM a WHERE now() < tz",
      [["public.a", "tz", true, "now", []]],
    ],
  ])("knows what the clock passes in %s", async (text, expected) => {
    const { thresholds, expiry } = await plan(text);
    const shown = thresholds.map(({ table, column, absolute, moment }) => [
      table,
      column,
      absolute,
      moment.base,
      moment.offsets,
    ]);
    expect([shown, expiry]).toEqual([expected, "never"]);
  });

  it("says which functions a reader must be allowed to call, and what of which relations to read", async () => {
    const oid = async (name: string): Promise<number> =>
      Number((await connection.query(`SELECT ${name}::oid`))[0]?.[0]);
    const planned = await plan("SELECT kept(id), upper(t) FROM v");
    expect(planned.functions).toEqual([await oid("'kept(int)'::regprocedure")]);
    expect(planned.privileges.map(({ relation, named }) => [relation, named])).toContainEqual([
      await oid("'v'::regclass"),
      true,
    ]);
    expect(planned.privileges.filter(({ named }) => !named)).toHaveLength(2);
  });

  it("tells what slots may hold and which texts parameters may have", async () => {
    const planned = await plan("SELECT $1 || t FROM a WHERE id IN (1, $2) OR id = 5 AND d <> $3 ORDER BY 1 LIMIT 3");
    expect(planned.parameterTypes).toEqual([25, 23, 1082]);
    expect(planned.textInputs).toEqual([
      [20, "any"],
      [23, "any"],
      [25, "any"],
      [1082, "plain"],
    ]);
    const keyed = await plan("SELECT t FROM a WHERE id = 1 AND ts < '2020-01-01' AND t IN ('x', 'y')");
    expect(keyed.slots).toEqual([
      { typeOid: 23, literalKinds: ["integer"] },
      { typeOid: 1114, literalKinds: ["string"] },
      { typeOid: 25, literalKinds: ["string"] },
    ]);
  });

  it.each([
    ["SELECT t FROM a WHERE id = 5 AND n < 7", "a: id = 0 and n < 1"],
    ["SELECT t FROM a WHERE 5 > id AND t IN ('x', $1)", "a: id < 0 and t = 1"],
    ["SELECT t FROM a WHERE id = $1 OR id = 2", ""],
    ["SELECT 1 FROM a JOIN b ON b.a = a.id WHERE b.id = ANY ($1)", "b: id = 0"],
    ["SELECT 1 FROM b LEFT JOIN a ON a.id = b.a WHERE a.id = 5", "a: id = 0"],
    ["SELECT 1 FROM a x, a y WHERE x.id = 1 AND y.id = 2", "a: id = 0 or id = 1"],
    ["SELECT 1 FROM a x, a y WHERE x.id = 1", ""],
    ["SELECT 1 FROM a WHERE id = 1 AND EXISTS (SELECT FROM b WHERE b.a = $1)", "a: id = 0, b: a = 1"],
    ["SELECT 1 FROM a WHERE id = 1 AND EXISTS (SELECT FROM b WHERE b.a = a.id)", "a: id = 0"],
    ["SELECT 1 FROM a WHERE EXISTS (SELECT FROM b WHERE b.a = a.id AND b.id = ANY ($1))", ""],
    [
      "SELECT 1 FROM a WHERE EXISTS (SELECT FROM b WHERE b.a = a.id AND b.id IN ($1, $2)) AND id IN ($3, 4)",
      "a: id = 2",
    ],
    ["SELECT 1 FROM parent WHERE id = 5", "parent: id = 0, child: id = 0"],
    ["SELECT 1 FROM parted WHERE id = 5", "low: id = 0, ten: id = 0"],
    ["SELECT 1 FROM v WHERE id = 5", ""],
    ["SELECT 1 FROM a WHERE id <> 5 AND t LIKE $1 AND id + 1 = 7", ""],
    ["SELECT (SELECT max(t) FROM a WHERE a.id = $1), id FROM b WHERE id >= $2", "a: id = 0, b: id >= 1"],
  ])("knows which rows matter for %s", async (text, guards) => {
    const { guards: found, tables } = await plan(text);
    const written = found.map(({ tableOid, references }) => {
      const texts = references.map((conditions) =>
        conditions.map(({ column, operator, slot }) => `${column} ${operator} ${slot}`).join(" and "),
      );
      return `${tables.find((table) => table.tableOid === tableOid)?.name}: ${texts.join(" or ")}`;
    });
    expect(written.join(", ")).toBe(guards);
  });

  it("tells PostgreSQL's own error for what is wrong", async () => {
    await expect(plan("SELECT nothing FROM a")).rejects.toMatchObject({ code: "42703" });
  });
});
