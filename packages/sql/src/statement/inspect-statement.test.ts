import { beforeAll, describe, expect, it } from "vitest";
import { loadParser } from "../parser/load-parser.ts";
import { inspectStatement } from "./inspect-statement.ts";
import type { StatementInfo } from "./shape.ts";

beforeAll(loadParser);

function facts(text: string): string {
  const { kind, shape, pure, changesSchema } = inspectStatement(text);
  return [kind, shape === null ? "" : "shape", pure ? "pure" : "", changesSchema ? "schema" : ""]
    .filter(Boolean)
    .join(" ");
}

describe("what a statement is", () => {
  it.each<readonly [string, string]>([
    ["SELECT 1", "select shape pure"],
    ["VALUES (1), (2)", "select shape pure"],
    ["TABLE t", "select shape pure"],
    ["SELECT count(*), lower(a) FROM t GROUP BY 2", "select shape pure"],
    ["SELECT pg_catalog.lower(a), extract(year FROM d), coalesce(b, 1), current_date FROM t", "select shape pure"],
    ["SELECT a OPERATOR(pg_catalog.+) 1 FROM t", "select shape pure"],
    ["WITH x AS (SELECT 1) SELECT * FROM x UNION SELECT 2", "select shape pure"],
    ["SELECT my_function(a) FROM t", "select shape"],
    ["SELECT public.lower(a) FROM t", "select shape"],
    ["SELECT a OPERATOR(public.+) 1 FROM t", "select shape"],
    ["SELECT nextval('s')", "select shape"],
    ["SELECT set_config('search_path', 'x', false)", "select shape"],
    ["SELECT * FROM (SELECT pg_notify('a', 'b')) x", "select shape"],
    ["SELECT * FROM dblink('x', 'y') AS t(a int)", "select shape"],
    ["SELECT pg_advisory_lock(1)", "select shape"],
    ["SELECT txid_current()", "select shape"],
    ["SELECT query_to_xml('delete from t', true, true, '')", "select shape"],
    ["SELECT * FROM t TABLESAMPLE custom(1)", "select shape"],
    ["SELECT * FROM t FOR UPDATE", "select"],
    ["SELECT * FROM (SELECT * FROM t FOR SHARE) x", "select"],
    ["SELECT * INTO n FROM t", "write schema"],
    ["WITH d AS (DELETE FROM t RETURNING a) SELECT * FROM d", "write"],
    ["SELECT $0", "select pure"],
    ["INSERT INTO t VALUES (1)", "write"],
    ["UPDATE t SET a = 1", "write"],
    ["DELETE FROM t", "write"],
    ["MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE", "write"],
    ["COPY t FROM STDIN", "write"],
    ["COPY t TO STDOUT", "utility"],
    ["TRUNCATE t", "write"],
    ["BEGIN", "transaction"],
    ["START TRANSACTION READ ONLY", "transaction"],
    ["COMMIT", "transaction"],
    ["ROLLBACK TO s", "transaction"],
    ["SAVEPOINT s", "transaction"],
    ["SET search_path = x", "set"],
    ["SET LOCAL TIME ZONE 'UTC'", "set"],
    ["RESET ALL", "set"],
    ["DISCARD ALL", "set"],
    ["SET ROLE bob", "set"],
    ["SHOW search_path", "utility pure"],
    ["EXPLAIN SELECT 1", "utility pure"],
    ["EXPLAIN SELECT f(1)", "utility"],
    ["EXPLAIN ANALYZE SELECT 1", "utility pure"],
    ["EXPLAIN ANALYZE DELETE FROM t", "write"],
    ["EXPLAIN DELETE FROM t", "utility"],
    ["EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1", "utility schema"],
    ["EXPLAIN CREATE TABLE x AS SELECT 1", "utility"],
    ["EXECUTE p(1)", "utility"],
    ["PREPARE p AS SELECT 1", "utility"],
    ["LISTEN c", "utility"],
    ["LOCK t", "utility"],
    ["VACUUM t", "utility"],
    ["COMMENT ON TABLE t IS 'x'", "utility"],
    ["CREATE TABLE t (a int)", "utility schema"],
    ["CREATE TABLE t AS SELECT 1", "utility schema"],
    ["CREATE VIEW v AS SELECT 1", "utility schema"],
    ["ALTER TABLE t ADD b int", "utility schema"],
    ["DROP TABLE t", "utility schema"],
    ["GRANT SELECT ON t TO bob", "utility schema"],
    ["REVOKE ALL ON t FROM bob", "utility schema"],
    ["ALTER ROLE bob SUPERUSER", "utility schema"],
    ["DO 'BEGIN END'", "utility schema"],
    ["CALL p()", "utility schema"],
    ["REFRESH MATERIALIZED VIEW v", "utility schema"],
    ["", "empty pure"],
    [" ; -- nothing", "empty pure"],
    ["SELEC 1", "invalid schema"],
    ["SELECT 1\0", "invalid schema"],
    ["SELECT 1; SELECT 2", "multiple pure"],
    ["SELECT 1; DELETE FROM t", "multiple"],
    ["SELECT 1; DROP TABLE t;", "multiple schema"],
    ["SELECT 1;;", "select shape pure"],
    ["CREATE CACHE FROM SELECT 1", "freshet"],
    ["CREATE CACHE nonsense", "freshet"],
    ["SHOW CACHES", "freshet"],
  ])("%s", (text, expected) => {
    expect(facts(text)).toBe(expected);
  });
});

describe("normalised text and query id", () => {
  const id = (text: string): string => inspectStatement(text).queryId;

  it("hides constants, also those of texts that do not parse", () => {
    const normalized = (text: string): string => inspectStatement(text).normalized;
    expect(normalized("SELECT 'é', $2  FROM t -- c\n WHERE a in (1,-2)and b between'x'and'y';")).toBe(
      "SELECT $3, $2 FROM t WHERE a in ($4,-$5)and b between $6 and $7",
    );
    expect(normalized("ALTER ROLE bob PASSWORT 'secret")).toBe("ALTER ROLE bob PASSWORT $1");
    expect(normalized("SELECT E'\\'secret' $$more$$ 1.5e3")).toBe("SELECT $1 $2 $3");
  });

  it("names the query, not its constants", () => {
    const first = id("SELECT a FROM t WHERE b = 1 AND c IN (1, 2) LIMIT 5");
    expect(first).toMatch(/^q_[0-9a-f]{16}$/);
    expect(id("select A\nfrom T where B = 'x' /* c */ and c in ($1) limit 7;")).toBe(first);
    expect(id("SELECT a FROM t WHERE b = NULL AND c IN (1, 2) LIMIT 5")).not.toBe(first);
    expect(id("SELECT a FROM t WHERE d = 1 AND c IN (1, 2) LIMIT 5")).not.toBe(first);
    expect(id('SELECT "A" FROM t WHERE b = 1 AND c IN (1, 2) LIMIT 5')).not.toBe(first);
  });

  it("looks at the beginning of very long texts only", () => {
    const info = inspectStatement(`INSERT INTO t VALUES ('${"x".repeat(50_000_000)}')`);
    expect(info).toMatchObject({ kind: "invalid", pure: false, shape: null, normalized: "INSERT INTO t VALUES ($1" });
  });

  it("is stable for what cannot be parsed", () => {
    expect(id("SELEC  1")).toBe(id("selec 2"));
    expect(id("SELEC 1")).not.toBe(id("SELEK 1"));
  });
});

describe("the shape's text", () => {
  const shapeText = (text: string): string | undefined => inspectStatement(text).shape?.text;

  it("leaves out semicolons and comments around the statement", () => {
    expect(shapeText("-- é\n /* c */ SELECT 'ü' /* inner */, 1 -- tail\n ; -- end")).toBe("SELECT 'ü' /* inner */, 1");
    expect(shapeText("SELECT 1 -- no newline")).toBe("SELECT 1");
  });

  it("counts slots from its own start, in bytes", () => {
    const info: StatementInfo = inspectStatement("/* ü */ SELECT 'é' FROM t WHERE a = 'öx' AND b = $2");
    const text = Buffer.from(info.shape?.text ?? "");
    expect(info.shape?.slots.map(({ start, end }) => text.subarray(start, end).toString())).toEqual(["'öx'", "$2"]);
    expect(info.shape?.parameterCount).toBe(2);
  });
});
