import { beforeAll, describe, expect, it } from "vitest";
import { loadParser } from "../parser/load-parser.ts";
import { inspectStatement } from "./inspect-statement.ts";

beforeAll(loadParser);

describe("what a statement may leave in its session", () => {
  it.each([
    "SELECT 1",
    "SELECT nextval('s')",
    "INSERT INTO t VALUES (1) RETURNING lower(a)",
    "UPDATE t SET a = pg_catalog.upper(a)",
    "BEGIN",
    "COMMIT",
    "SET LOCAL work_mem = '1MB'",
    "SET TRANSACTION READ ONLY",
    "CREATE TABLE t (a int)",
    "CREATE TABLE t AS SELECT 1",
    "SELECT 1 INTO t",
    "DECLARE c CURSOR FOR SELECT 1",
    "SELECT pg_advisory_xact_lock(1)",
    "COPY t FROM STDIN",
    "NOTIFY x",
    "EXPLAIN SELECT 1",
    "SHOW work_mem",
  ])("%s: nothing", (text) => {
    expect(inspectStatement(text).effects.lasting).toBe(false);
  });

  it.each([
    "SET work_mem = '1MB'",
    "RESET ALL",
    "DISCARD ALL",
    "SET ROLE x",
    "SELECT set_config('a.b', '1', false)",
    "SELECT my_function()",
    "INSERT INTO t VALUES (my_function())",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_lock(1) FROM t",
    "CREATE TEMP TABLE t (a int)",
    "CREATE TABLE pg_temp.t (a int)",
    "CREATE TEMP VIEW v AS SELECT 1",
    "SELECT 1 INTO TEMP t",
    "CREATE TEMP TABLE t AS SELECT 1",
    "LISTEN x",
    "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "DO $$ BEGIN END $$",
    "CALL p()",
    "BEGIN; SET a.b = 1; COMMIT",
    "not SQL at all",
  ])("%s: something", (text) => {
    expect(inspectStatement(text).effects.lasting).toBe(true);
  });

  it("names the settings, and tells which of them change the meaning of later statements", () => {
    expect(inspectStatement("SET App.Tenant TO 1").effects).toMatchObject({ settings: ["app.tenant"], rereads: false });
    expect(inspectStatement("SET LOCAL search_path TO a").effects).toMatchObject({
      settings: ["search_path"],
      rereads: true,
      lasting: false,
    });
    expect(inspectStatement("SELECT set_config('TimeZone', 'UTC', true)").effects).toMatchObject({
      settings: ["timezone"],
      rereads: true,
      unknown: false,
    });
    expect(inspectStatement("SELECT set_config(name, 'UTC', true) FROM t").effects.unknown).toBe(true);
    expect(inspectStatement("SELECT pg_advisory_lock(1)").effects.unknown).toBe(false);
    expect(inspectStatement("SELECT own()").effects.unknown).toBe(true);
  });
});
