import { inspectStatement, loadParser } from "@freshet/sql";
import { beforeAll, expect, test } from "vitest";
import { readsAlike } from "./reads-alike.ts";

beforeAll(() => loadParser());

test.each([
  "SELECT 1",
  "SELECT a, count(*) FROM t JOIN u USING (b) GROUP BY a ORDER BY 2 LIMIT 3",
  "WITH x AS (SELECT 1) SELECT * FROM x, LATERAL (SELECT now()) y",
  "VALUES (1), (2)",
  "SELECT 'pg_stat_activity'",
  "SELECT $1::int",
])("reads alike on each server: %s", (text) => {
  expect(readsAlike(inspectStatement(text))).toBe(true);
});

test.each([
  "SELECT a FROM t FOR UPDATE",
  "SELECT a FROM t FOR KEY SHARE",
  "SELECT a INTO u FROM t",
  "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
  "SELECT nextval('s')",
  "SELECT last_value FROM s",
  "SELECT set_config('a.b', 'c', false)",
  "SELECT my_function(1)",
  "SELECT pg_advisory_lock(1)",
  "SELECT pg_is_in_recovery()",
  "SELECT pg_backend_pid()",
  "SELECT txid_current()",
  "SELECT inet_server_addr()",
  "SELECT current_setting('port')",
  "SELECT * FROM pg_locks",
  "SELECT * FROM pg_catalog.pg_class",
  "SELECT 1; SELECT 2",
  "SHOW port",
  "EXPLAIN SELECT 1",
  "INSERT INTO t VALUES (1)",
  "BEGIN",
  "",
  "SELEC 1",
])("does not surely: %s", (text) => {
  expect(readsAlike(inspectStatement(text))).toBe(false);
});
