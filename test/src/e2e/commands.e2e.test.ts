import { withClient } from "@freshet/postgres";
import type { PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { barrier, cacheNamed, cachedRows, lastStatement, type TextClient, until, withText } from "../faults/support.ts";
import { Replicating } from "../faults/replicating.ts";
import type { FreshetProcess } from "../harness/freshet-process.ts";

let running: Replicating;
let server: PostgresServer;
let upstream: TextClient;
let freshet: FreshetProcess;
let proxied: TextClient;

beforeAll(async () => {
  running = await Replicating.start("commands", {
    schema: `
    CREATE ROLE reader LOGIN PASSWORD 'reader';
    CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, price numeric(10,2), made timestamptz NOT NULL DEFAULT '2020-01-01 12:00+00');
    INSERT INTO items SELECT i, 'item ' || i, i / 4.0 FROM generate_series(1, 100) i;
    CREATE TABLE plenty AS SELECT i AS id, i % 100 AS kind FROM generate_series(1, 60000) i;
    ALTER TABLE plenty ADD PRIMARY KEY (id);
  `,
    flags: ["--session-read-timeout-ms", "0"],
  });
  ({ server, upstream, freshet, proxied } = running);
  await upstream.rows("CREATE DATABASE elsewhere");
});

afterAll(() => running.stop());

const named = "SELECT name FROM items WHERE id = 1";

describe("mistakes are PostgreSQL errors and the session lives on", () => {
  const mistakes: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    ["CREATE CACHE", { code: "42601", hint: expect.stringContaining("CREATE CACHE [CONCURRENTLY]") }],
    ["CREATE CACHE x FROM", { code: "42601", position: expect.stringMatching(/^\d+$/) }],
    [
      "CREATE CACHE x FROM DELETE FROM items",
      { code: "42601", message: expect.stringContaining("SELECT"), position: "21" },
    ],
    ["CREATE CACHE x FROM SELEC 1", { code: "42601", position: "21" }],
    ["CREATE CACHE x FROM SELECT nothing FROM items", { code: "42703", message: 'column "nothing" does not exist' }],
    ["CREATE CACHE x FROM SELECT 1 FROM missing", { code: "42P01", message: 'relation "missing" does not exist' }],
    ["CREATE CACHE x FROM SELECT random() FROM items", { code: "0A000", message: expect.stringContaining("random") }],
    [
      "CREATE CACHE x FROM SELECT id FROM items FOR UPDATE",
      { code: "0A000", detail: expect.stringContaining("FOR UPDATE") },
    ],
    [
      "CREATE CACHE x FROM q_0123456789abcdef",
      { code: "42704", hint: expect.stringContaining("SHOW PROXIED QUERIES") },
    ],
    [
      "CREATE CACHE x WITH (write_too = 'public.y') FROM SELECT id FROM items",
      { code: "22023", hint: expect.stringContaining("write_to") },
    ],
    [
      "CREATE CACHE x WITH (write_to = 'a.b.c') FROM SELECT id FROM items",
      { code: expect.stringMatching(/^(22023|42602|42601)$/) },
    ],
    [
      "CREATE CACHE x WITH (write_to = 'public.items') FROM SELECT id FROM items",
      { code: expect.stringMatching(/^(55000|42P07|0A000|22023)$/) },
    ],
    ["DROP CACHE", { code: "42601", hint: expect.stringContaining("DROP CACHE [IF EXISTS] name") }],
    ["DROP CACHE missing", { code: "42704", message: 'cache "missing" does not exist' }],
    ["DROP CACHE a, b", { code: "42601" }],
    ["DROP ALL CACHES now", { code: "42601" }],
    ["SHOW CACHES please", { code: "42601" }],
    ["EXPLAIN CREATE CACHE FROM", { code: "42601" }],
    ["EXPLAIN LAST STATEMENT twice", { code: "42601" }],
  ];

  test.each(mistakes)("%s", async (text, wanted) => {
    for (const values of [undefined, []]) {
      const error = await proxied.error(text, values);
      expect(error).toMatchObject(wanted);
      expect(error.severity).toBe("ERROR");
    }
    expect(await proxied.rows("SELECT 1")).toEqual([["1"]]);
    expect(await proxied.rows("SHOW CACHES")).toEqual([]);
  });
});

test("a query that cannot be cached is refused with the reason and still answered by PostgreSQL", async () => {
  const query = "SELECT count(*) FROM items WHERE random() >= 0";
  expect(await proxied.error(`CREATE CACHE lucky FROM ${query}`)).toMatchObject({ code: "0A000" });
  const explained = new Map(
    (await proxied.rows(`EXPLAIN CREATE CACHE FROM ${query}`)).map(([name, value]) => [name, value]),
  );
  expect(explained.get("supported")).toBe("no");
  expect(explained.get("reason")).toContain("random");
  expect(await proxied.rows(query)).toEqual([["100"]]);
  expect(await lastStatement(proxied)).toMatchObject({ destination: "upstream", reason: "no_cache" });
});

test("from the list of proxied queries to a cache of one", async () => {
  const query = "SELECT name, price FROM items WHERE id = 5";
  await proxied.rows(query);
  await proxied.rows("SELECT clock_timestamp()");
  const queries = await proxied.records("SHOW PROXIED QUERIES");
  const found = queries.find((row) => row["query"]?.includes("SELECT name, price") === true);
  expect(found).toMatchObject({ cacheable: "yes" });
  expect(queries.find((row) => row["query"]?.includes("clock_timestamp") === true)?.["cacheable"]).toMatch(
    /^no: .*clock_timestamp/,
  );
  await proxied.rows(`CREATE CACHE prices FROM ${found?.["query_id"] ?? ""}`);
  expect(await cachedRows(proxied, "SELECT name, price FROM items WHERE id = 6")).toEqual([["item 6", "1.50"]]);
  await proxied.rows("DROP CACHE prices");
});

test("names, IF NOT EXISTS, duplicates, DROP ALL CACHES", async () => {
  await proxied.rows(`CREATE CACHE names FROM ${named}`);
  expect(await proxied.error("CREATE CACHE names FROM SELECT price FROM items WHERE id = 1")).toMatchObject({
    code: "42710",
  });
  expect(await proxied.error("CREATE CACHE others FROM SELECT name FROM items WHERE id = 2")).toMatchObject({
    code: "42710",
    message: 'cache "names" already answers this query',
  });
  await proxied.rows(`CREATE CACHE IF NOT EXISTS names FROM ${named}`);
  expect(proxied.notices.at(-1)).toBe('cache "names" already exists, skipping');
  await proxied.rows("DROP CACHE IF EXISTS missing");
  expect(proxied.notices.at(-1)).toBe('cache "missing" does not exist, skipping');
  await proxied.rows("CREATE CACHE FROM SELECT price FROM items WHERE id = 1");
  expect(await proxied.rows("SHOW CACHES")).toHaveLength(2);
  await proxied.rows("DROP ALL CACHES");
  expect(await proxied.rows("SHOW CACHES")).toEqual([]);
  expect(await proxied.rows(named)).toEqual([["item 1"]]);
  expect(await upstream.rows("SELECT * FROM pg_publication_tables")).toEqual([]);
});

test("CONCURRENTLY returns at once, and what it began survives kill -9; definitions survive restarts", async () => {
  const query = "SELECT kind, count(*) FROM plenty GROUP BY kind ORDER BY kind";
  await proxied.rows(`CREATE CACHE kinds FROM SELECT kind FROM plenty WHERE id = $1`);
  await proxied.rows(`CREATE CACHE CONCURRENTLY later FROM ${query}`);
  const begun = await cacheNamed(proxied, "later");
  expect(["building", "ready"]).toContain(begun?.["state"]);
  await freshet.kill();
  await running.launch();
  ({ proxied } = running);
  expect(await cachedRows(proxied, query)).toEqual(await upstream.rows(query));
  expect(await cachedRows(proxied, "SELECT kind FROM plenty WHERE id = $1", [250])).toEqual([["50"]]);
  await proxied.end();
  await freshet.terminate();
  expect(await upstream.rows("SELECT slot_name, active FROM pg_replication_slots")).toEqual([["commands", "f"]]);
  await upstream.rows("UPDATE plenty SET kind = 1000 WHERE id <= 10");
  await running.launch();
  ({ proxied } = running);
  expect((await proxied.records("SHOW CACHES")).map(({ name }) => name)).toEqual(["kinds", "later"]);
  expect(
    await until("the write is seen", async () => {
      const rows = await cachedRows(proxied, query);
      return rows.some(([kind]) => kind === "1000") ? rows : undefined;
    }),
  ).toEqual(await upstream.rows(query));
  await proxied.rows("DROP ALL CACHES");
});

describe("EXPLAIN LAST STATEMENT tells why", () => {
  beforeAll(async () => {
    await proxied.rows(`CREATE CACHE names FROM ${named}`);
    await proxied.rows("CREATE CACHE times FROM SELECT made FROM items WHERE id = 1");
    await cachedRows(proxied, named);
  });

  /** What a fresh session is told about `text` after `before`. */
  function reasonAfter(before: readonly string[], text: string = named): Promise<Record<string, string | null>> {
    return withText(freshet.connection, async (session) => {
      for (const statement of before) await session.rows(statement);
      return until("the schema has been compared", async () => {
        await session.rows(text);
        const last = await lastStatement(session);
        return last["reason"] === "schema_change_pending" ? undefined : last;
      });
    });
  }

  test("a hit names its cache and LSN", async () => {
    expect(await reasonAfter([])).toMatchObject({
      destination: "cache",
      cache: "names",
      lsn: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/),
    });
  });

  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ["in_transaction", ["BEGIN"], named],
    ["search_path", ["CREATE SCHEMA IF NOT EXISTS other", "SET search_path = other, public"], named],
    ["temporary_objects", ["CREATE TEMPORARY TABLE mine (id int)"], named],
    ["multiple_statements", [], `${named}; ${named}`],
    ["setting", ["SET TimeZone = 'Asia/Tokyo'"], "SELECT made FROM items WHERE id = 1"],
    ["client_encoding", ["SET client_encoding = 'LATIN1'"], named],
    ["no_cache", [], "SELECT price FROM items WHERE id = 1"],
    ["not_select", [], "UPDATE items SET name = name WHERE id = 1"],
    ["not_parsed", ["SET standard_conforming_strings = off"], "SELECT name FROM items WHERE name = 'a\\\\b'"],
  ];

  test.each(cases)("%s", async (reason, before, text) => {
    expect(await reasonAfter(before, text)).toMatchObject({ destination: "upstream", reason });
  });

  test("a setting that does not touch the answer is no reason", async () => {
    expect(await reasonAfter(["SET TimeZone = 'Asia/Tokyo'", "SET statement_timeout = '5s'"])).toMatchObject({
      destination: "cache",
    });
  });

  test("read_your_writes, until the write is applied", async () => {
    await withText(freshet.connection, async (session) => {
      const seen = new Set<string>();
      for (let attempt = 0; attempt < 200 && !seen.has("read_your_writes"); attempt++) {
        await session.rows(`UPDATE items SET name = 'version ${attempt}' WHERE id = 1`);
        expect(await session.rows(named)).toEqual([[`version ${attempt}`]]);
        seen.add((await lastStatement(session))["reason"] ?? "");
      }
      expect([...seen].every((reason) => ["read_your_writes", "hit"].includes(reason))).toBe(true);
      expect(seen).toContain("read_your_writes");
      await barrier(upstream, proxied);
      expect(await cachedRows(session, named)).toEqual(await upstream.rows(named));
    });
  });

  test("other_database", async () => {
    const elsewhere = { ...freshet.connection, database: "elsewhere" };
    await withClient({ ...server, database: "elsewhere" }, (client) =>
      client.query("CREATE TABLE items (id int, name text)"),
    );
    await withText(elsewhere, async (session) => {
      expect(await session.rows(named)).toEqual([]);
      expect(await lastStatement(session)).toMatchObject({ destination: "upstream", reason: "other_database" });
      expect(await session.error(`CREATE CACHE there FROM ${named}`)).toMatchObject({
        code: "0A000",
        detail: expect.stringContaining("elsewhere"),
      });
    });
  });

  test("privilege", async () => {
    await withText({ ...freshet.connection, user: "reader", password: "reader" }, async (session) => {
      expect(await session.error(named)).toMatchObject({ code: "42501" });
      expect(await lastStatement(session)).toMatchObject({ destination: "upstream", reason: "privilege" });
    });
  });
});
