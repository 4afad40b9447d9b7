import { FreshetError } from "@freshet/base";
import { beforeAll, describe, expect, it } from "vitest";
import { loadParser } from "../parser/load-parser.ts";
import type { Command } from "./command.ts";
import { parseCommand } from "./parse-command.ts";

beforeAll(loadParser);

function command(text: string): Command {
  const parse = parseCommand(text);
  if (parse === null) throw new Error(`not a command: ${text}`);
  return parse();
}

function failure(text: string): FreshetError {
  try {
    command(text);
  } catch (error) {
    if (error instanceof FreshetError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

const plain = { kind: "create-cache", name: null, concurrently: false, ifNotExists: false, options: [] };
const one = { kind: "select", text: "SELECT 1" };

describe("what is a command", () => {
  it.each([
    "",
    "SELECT 1",
    "-- only a comment",
    "SHOW caches.size",
    'SHOW "caches"',
    "SHOW proxied",
    "SHOW proxied.queries",
    "SHOW freshet",
    "SHOW freshet.consistency",
    "SHOW freshet.status",
    "SHOW all",
    "SHOW freshet status_x",
    "EXPLAIN SELECT 1",
    "EXPLAIN CREATE TABLE x AS SELECT 1",
    "EXPLAIN (COSTS OFF) CREATE CACHE FROM SELECT 1",
    "EXPLAIN LAST",
    "CREATE TABLE cache (a int)",
    'CREATE "cache"',
    "DROP TABLE caches",
    "DROP ALL",
    "SELECT 'CREATE CACHE'",
    "CREATE",
    "(CREATE CACHE FROM SELECT 1)",
  ])("not: %s", (text) => {
    expect(parseCommand(text)).toBeNull();
  });

  it("begins behind white space and comments, in any case", () => {
    expect(command("/* a /* b */ */ -- c\n\tShow  /**/ cAcHeS ;; ")).toEqual({ kind: "show-caches" });
  });
});

describe("commands", () => {
  it.each<readonly [string, unknown]>([
    ["SHOW CACHES", { kind: "show-caches" }],
    ["SHOW PROXIED QUERIES;", { kind: "show-proxied-queries" }],
    ["SHOW FRESHET STATUS", { kind: "show-status" }],
    ["EXPLAIN LAST STATEMENT", { kind: "explain-last-statement" }],
    ["DROP ALL CACHES", { kind: "drop-all-caches" }],
    ["DROP CACHE Orders", { kind: "drop-cache", name: "orders", ifExists: false }],
    ['DROP CACHE IF EXISTS "Or""ders"', { kind: "drop-cache", name: 'Or"ders', ifExists: true }],
    ["CREATE CACHE FROM SELECT 1", { ...plain, source: one }],
    ["CREATE CACHE FROM q_0123456789ABCDEF;", { ...plain, source: { kind: "query-id", id: "q_0123456789abcdef" } }],
    ["CREATE CACHE FROM 'q_0123456789abcdef'", { ...plain, source: { kind: "query-id", id: "q_0123456789abcdef" } }],
    ["CREATE CACHE Größe FROM SELECT 1", { ...plain, name: "größe", source: one }],
    ['CREATE CACHE "from" FROM SELECT 1', { ...plain, name: "from", source: one }],
    ["CREATE CACHE IF NOT EXISTS FROM SELECT 1", { ...plain, ifNotExists: true, source: one }],
    [
      "CREATE CACHE CONCURRENTLY IF NOT EXISTS c WITH (write_to = 'public.\"T''s\"', Mode=FAST, n = -1.5, e = E'a\\tb', d = $$x$$) FROM SELECT 1",
      {
        kind: "create-cache",
        name: "c",
        concurrently: true,
        ifNotExists: true,
        options: [
          { name: "write_to", value: 'public."T\'s"' },
          { name: "mode", value: "fast" },
          { name: "n", value: "-1.5" },
          { name: "e", value: "a\tb" },
          { name: "d", value: "x" },
        ],
        source: one,
      },
    ],
    [
      "EXPLAIN CREATE CACHE WITH (a = b) FROM (SELECT 1)",
      {
        kind: "explain-create-cache",
        options: [{ name: "a", value: "b" }],
        source: { kind: "select", text: "(SELECT 1)" },
      },
    ],
    [
      "CREATE CACHE FROM -- why\n WITH x AS (SELECT ';' AS é) SELECT * FROM x /* in */ LIMIT 1 -- tail\n ;",
      { ...plain, source: { kind: "select", text: "WITH x AS (SELECT ';' AS é) SELECT * FROM x /* in */ LIMIT 1" } },
    ],
    ["CREATE CACHE FROM VALUES (1)", { ...plain, source: { kind: "select", text: "VALUES (1)" } }],
    ["CREATE CACHE FROM TABLE t", { ...plain, source: { kind: "select", text: "TABLE t" } }],
  ])("%s", (text, expected) => {
    expect(command(text)).toEqual(expected);
  });
});

describe("mistakes", () => {
  it.each<readonly [string, string, number]>([
    ["CREATE CACHE", "syntax error at end of input", 13],
    ["CREATE CACHE c", "syntax error at end of input", 15],
    ["CREATE CACHE c SELECT 1", 'syntax error at or near "SELECT"', 16],
    ["CREATE CACHE a.b FROM SELECT 1", 'syntax error at or near "."', 15],
    ["CREATE CACHE 'c' FROM SELECT 1", "syntax error at or near \"'c'\"", 14],
    ["CREATE CACHE IF EXISTS c FROM SELECT 1", 'syntax error at or near "EXISTS"', 17],
    ["CREATE CACHE c WITH (a) FROM SELECT 1", 'syntax error at or near ")"', 23],
    ["CREATE CACHE c WITH () FROM SELECT 1", 'syntax error at or near ")"', 22],
    ["CREATE CACHE c WITH (a = -b) FROM SELECT 1", 'syntax error at or near "b"', 27],
    ["CREATE CACHE c WITH (a = 1, A = 2) FROM SELECT 1", 'option "a" is given twice', 29],
    ["CREATE CACHE c WITH (a = b'1') FROM SELECT 1", "syntax error at or near \"b'1'\"", 26],
    ['CREATE CACHE "" FROM SELECT 1', "zero-length delimited identifier", 14],
    ["CREATE CACHE é🙂 FROM", "syntax error at end of input", 21],
    ["CREATE CACHE é🙂 FROM ;", 'syntax error at or near ";"', 22],
    ["CREATE CACHE é🙂 FROM nonsense", 'syntax error at or near "nonsense"', 22],
    ["CREATE CACHE é🙂 FROM SELECT 'ü' FRM t x", 'syntax error at or near "t"', 37],
    ["CREATE CACHE FROM DELETE FROM t", "only a SELECT or a query id can be cached", 19],
    ["CREATE CACHE FROM SELECT 1; SELECT 2", "a Freshet command must be the only statement in its query string", 29],
    ["CREATE CACHE FROM SELECT 'abc", 'unterminated quoted string at or near "\'abc"', 26],
    ["SHOW CACHES LIKE 'x'", 'syntax error at or near "LIKE"', 13],
    ["SHOW CACHES; SHOW CACHES", "a Freshet command must be the only statement in its query string", 14],
    ["SHOW FRESHET STATUS now", 'syntax error at or near "now"', 21],
    ["DROP CACHE", "syntax error at end of input", 11],
    ["DROP CACHE a, b", 'syntax error at or near ","', 13],
    ["EXPLAIN LAST STATEMENT FROM x", 'syntax error at or near "FROM"', 24],
  ])("%s", (text, message, position) => {
    expect(failure(text)).toMatchObject({ code: "42601", message, position });
    expect(failure(text).hint).toMatch(/^Usage: (CREATE|DROP|SHOW|EXPLAIN) /);
  });

  it("refuses SELECTs that do more than read", () => {
    for (const select of [
      "SELECT 1 FROM t FOR UPDATE",
      "SELECT 1 INTO x",
      "WITH d AS (DELETE FROM t RETURNING 1) SELECT * FROM d",
    ]) {
      expect(failure(`CREATE CACHE FROM ${select}`)).toMatchObject({ code: "0A000", position: 19 });
    }
  });

  it("refuses names beyond PostgreSQL's limit", () => {
    expect(failure(`DROP CACHE ${"é".repeat(32)}`)).toMatchObject({ code: "42622", position: 12 });
    expect(command(`DROP CACHE ${"e".repeat(63)}`)).toMatchObject({ name: "e".repeat(63) });
  });
});
