import { must } from "@freshet/base";
import { startPostgres } from "@freshet/postgres";
import type { PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshetProcess } from "../harness/freshet-process.ts";
import {
  adminStatus,
  barrier,
  cachedRows,
  cacheNamed,
  cachesReady,
  lastStatement,
  missReason,
  TextClient,
  until,
} from "./support.ts";

let server: PostgresServer;
let upstream: TextClient;
let freshet: FreshetProcess;
let proxied: TextClient;

beforeAll(async () => {
  server = await startPostgres();
  upstream = await TextClient.connect(server);
  await upstream.rows(`
    CREATE SCHEMA app;
    CREATE FUNCTION app.grade(n int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
      $$ BEGIN IF n = 13 THEN RAISE EXCEPTION 'unlucky'; END IF; RETURN CASE WHEN n % 2 = 0 THEN 'even' ELSE 'odd' END; END $$;
    CREATE FUNCTION app.twice(n int) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS 'SELECT n * 2';
    CREATE FUNCTION app.is_big(n int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN n > 20; END';
    CREATE FUNCTION app.joined(VARIADIC texts text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT pg_catalog.array_to_string(texts, '+') $$;
    CREATE FUNCTION app.slow(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
      'BEGIN IF n = 1000 THEN PERFORM pg_sleep(60); END IF; RETURN n; END';
    CREATE TABLE items (id int PRIMARY KEY, kind text, price numeric, at timestamptz, doc jsonb);
    INSERT INTO items SELECT i, 'Kind ' || i % 3, i * 1.5, '2020-01-01'::timestamptz + i * interval '20 days',
      jsonb_build_object('a', i, 'b', jsonb_build_array(i, i + 1)) FROM generate_series(1, 300) i WHERE i <> 13;
    CREATE TABLE notes (id int PRIMARY KEY, item int, body text);
    INSERT INTO notes SELECT i, i * 2, 'note ' || i FROM generate_series(1, 40) i;
  `);
  freshet = await FreshetProcess.start({
    upstream: server,
    instance: "calls",
    flags: ["--upstream-call-timeout-ms", "1000", "--cache-commands", "readers"],
  });
  await until("replication runs", async () =>
    (await adminStatus(freshet.adminUrl, "/readyz")).status === 200 ? true : undefined,
  );
  proxied = await TextClient.connect(freshet.connection);
});

afterAll(async () => {
  await proxied.end();
  await upstream.end();
  await freshet.remove();
  await server.stop();
});

/** The cached answer is the upstream's, also after each change. */
async function agrees(text: string, changes: readonly string[] = []): Promise<void> {
  await barrier(upstream, proxied);
  expect(await cachedRows(proxied, text)).toEqual(await upstream.rows(text));
  for (const change of changes) {
    await upstream.rows(change);
    await barrier(upstream, proxied);
    expect(await cachedRows(proxied, text)).toEqual(await upstream.rows(text));
  }
}

const CHANGES = [
  "INSERT INTO items VALUES (1001, 'Kind 9', 1, '2024-07-01', '{\"a\": 5}')",
  "UPDATE items SET price = price + 1, kind = 'kind x' WHERE id % 50 = 0",
  "UPDATE items SET kind = NULL, doc = NULL, at = NULL WHERE id IN (7, 70)",
  "DELETE FROM items WHERE id = 1001",
  "UPDATE notes SET item = item + 1 WHERE id < 10",
  "UPDATE notes SET item = item - 1 WHERE id < 10",
];

const QUERIES: readonly (readonly [name: string, text: string])[] = [
  ["where", "SELECT id, price FROM items WHERE app.is_big(id) AND id < 40 ORDER BY id"],
  ["selected", "SELECT id, app.grade(id), app.twice(app.twice(id) + 1) FROM items ORDER BY id"],
  ["grouped", "SELECT app.grade(id), count(*), sum(app.twice(id)) FROM items GROUP BY app.grade(id) ORDER BY 2"],
  ["joined", "SELECT n.id, i.id FROM notes n JOIN items i ON app.twice(i.id) = n.item ORDER BY 1, 2"],
  [
    "left_joined",
    "SELECT n.id, i.kind FROM notes n LEFT JOIN items i ON i.id = n.item AND app.is_big(i.id) ORDER BY 1",
  ],
  [
    "both_sides",
    "SELECT n.id FROM notes n JOIN items i ON i.id = n.item AND app.joined(i.kind, n.body) LIKE 'K%' ORDER BY 1",
  ],
  ["sorted", 'SELECT id FROM items ORDER BY app.grade(id) COLLATE "C", app.twice(id) DESC LIMIT 5'],
  ["top", "SELECT max(id) FROM (SELECT id FROM items ORDER BY app.twice(id) LIMIT 7) AS q"],
  [
    "guarded",
    "SELECT id, CASE WHEN id <> 5 THEN app.grade(id + 8) ELSE 'none' END FROM items WHERE id < 20 ORDER BY id",
  ],
  ["windowed", "SELECT id, row_number() OVER (PARTITION BY app.grade(id) ORDER BY id) FROM items ORDER BY id"],
  ["filtered", "SELECT count(*) FILTER (WHERE app.is_big(id)), sum(price) FROM items"],
  ["having", 'SELECT kind FROM items GROUP BY kind HAVING app.is_big(count(*)::int) ORDER BY kind COLLATE "C"'],
  [
    "subquery",
    "SELECT id FROM notes n WHERE EXISTS (SELECT FROM items i WHERE i.id = n.item AND app.is_big(i.id)) ORDER BY id",
  ],
  ["zone", "SELECT id, at AT TIME ZONE 'Europe/Berlin' FROM items ORDER BY id"],
  [
    "searched",
    "SELECT id FROM items WHERE to_tsvector('simple', kind) @@ to_tsquery('simple', 'kind & 1') ORDER BY id",
  ],
  ["exponential", "SELECT id, exp(price::float8 / 100), power(price::float8, 0.3::float8) FROM items ORDER BY id"],
  ["variadic", "SELECT id, app.joined(kind, price::text, 'x') FROM items ORDER BY id"],
];

test.each(QUERIES)("functions of the upstream are maintained: %s", async (name, text) => {
  await proxied.rows(`CREATE CACHE ${name} FROM ${text}`);
  expect(await cacheNamed(proxied, name)).toMatchObject({ reason: null, state: "ready" });
  await agrees(text, CHANGES);
  await proxied.rows(`DROP CACHE ${name}`);
});

test("EXPLAIN CREATE CACHE shows what is evaluated upstream, and the metrics count it", async () => {
  const rows = await proxied.rows("EXPLAIN CREATE CACHE FROM SELECT app.grade(id) FROM items WHERE id = 5");
  const operators = rows.filter(([name]) => name === "operator").map(([, detail]) => detail ?? "");
  expect(operators.some((detail) => detail.includes("upstream-calls app.grade("))).toBe(true);
  const { body } = await adminStatus(freshet.adminUrl, "/metrics");
  expect(Number(must(/freshet_upstream_calls_total (\d+)/.exec(body))[1])).toBeGreaterThan(300);
  expect(Number(must(/freshet_upstream_call_statements_total (\d+)/.exec(body))[1])).toBeGreaterThan(2);
});

test("a row that a function fails on sends reads upstream, until it is mended", async () => {
  const text = "SELECT id, app.grade(id) FROM items ORDER BY id";
  await proxied.rows(`CREATE CACHE graded FROM ${text}`);
  await agrees(text);
  await upstream.rows("INSERT INTO items (id) VALUES (13)");
  await barrier(upstream, proxied);
  expect((await proxied.error(text)).message).toBe("unlucky");
  expect((await lastStatement(proxied))["reason"]).toBe("cache_error_in_scope");
  await upstream.rows("UPDATE items SET id = 14000 WHERE id = 13");
  await agrees(text);
  await upstream.rows("DELETE FROM items WHERE id = 14000");
});

test("another definition of a function, or of one that it calls, changes the answers", async () => {
  await upstream.rows(`CREATE FUNCTION app.outer_one(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
    'BEGIN RETURN app.twice(n) + 1; END'`);
  const text = "SELECT sum(app.outer_one(id)) FROM items";
  await proxied.rows(`CREATE CACHE defined FROM ${text}`);
  await agrees(text);
  const before = await cachedRows(proxied, text);
  await upstream.rows(
    `CREATE OR REPLACE FUNCTION app.twice(n int) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS 'SELECT n * 3'`,
  );
  await upstream.rows("SELECT app.outer_one(1)");
  await cachesReady(proxied);
  await until("the cache is built anew", async () => {
    const now = await cachedRows(proxied, text);
    return now[0]?.[0] === before[0]?.[0] ? undefined : true;
  });
  await agrees(text);
  await upstream.rows("ALTER FUNCTION app.outer_one(int) VOLATILE");
  const reason = await until("the cache is given up", async () => {
    const found = (await cacheNamed(proxied, "defined"))?.["reason"];
    return found?.includes("VOLATILE") === true ? found : undefined;
  });
  expect(reason).toContain("outer_one");
  expect(await missReason(proxied, text)).not.toBe("hit");
  await proxied.rows("DROP CACHE defined");
});

test("a role needs EXECUTE on the functions, and calls are made with the creator's rights", async () => {
  await upstream.rows(`
    CREATE ROLE reader LOGIN PASSWORD 'reader'; GRANT USAGE ON SCHEMA app TO reader; GRANT SELECT ON items TO reader;
    REVOKE EXECUTE ON FUNCTION app.is_big(int) FROM PUBLIC;
    CREATE FUNCTION app.whose(n int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN current_user || n; END';
  `);
  const text = "SELECT id FROM items WHERE app.is_big(id) ORDER BY id";
  await proxied.rows(`CREATE CACHE big FROM ${text}`);
  await agrees(text);
  const reader = await TextClient.connect({ ...freshet.connection, user: "reader", password: "reader" });
  try {
    expect((await reader.error(text)).code).toBe("42501");
    await upstream.rows("GRANT EXECUTE ON FUNCTION app.is_big(int) TO reader");
    expect(await cachedRows(reader, text)).toEqual(await upstream.rows(text));
    const whose = "SELECT app.whose(id) FROM items WHERE id = 5";
    await reader.rows(`CREATE CACHE whose FROM ${whose}`);
    expect(await cachedRows(reader, whose)).toEqual([["reader5"]]);
  } finally {
    await reader.end();
  }
});

test("a call that takes too long is a failure of its row, and does not hold up the others", async () => {
  const text = "SELECT sum(app.slow(id)) FROM items";
  await proxied.rows(`CREATE CACHE slow FROM ${text}`);
  await agrees(text);
  await upstream.rows("INSERT INTO items (id) VALUES (1000), (1002)");
  await barrier(upstream, proxied);
  await proxied.rows("SET statement_timeout = 200");
  expect((await proxied.error(text)).code).toBe("57014");
  expect((await lastStatement(proxied))["reason"]).toBe("cache_error_in_scope");
  await proxied.rows("RESET statement_timeout");
  await upstream.rows("DELETE FROM items WHERE id = 1000");
  await agrees(text, ["DELETE FROM items WHERE id = 1002"]);
});

test("calls wait for an upstream that restarts, and go on", async () => {
  const text = "SELECT id, app.twice(id) FROM items WHERE id < 5000 ORDER BY id";
  await proxied.rows(`CREATE CACHE patient FROM ${text}`);
  await agrees(text);
  await upstream.rows(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name = 'freshet calls'
    AND backend_type = 'client backend'`);
  await agrees(text, ["INSERT INTO items (id) VALUES (2001), (2002)", "DELETE FROM items WHERE id > 2000"]);
  expect(await cacheNamed(proxied, "patient")).toMatchObject({ mode: "incremental", state: "ready" });
});

test("extensions' functions, and caches after a restart", async () => {
  await upstream.rows("CREATE EXTENSION fuzzystrmatch; CREATE EXTENSION pg_trgm");
  const text =
    "SELECT id, levenshtein(kind, 'Kind 2'), round(similarity(kind, 'kind 1')::numeric, 3) FROM items ORDER BY id";
  await proxied.rows(`CREATE CACHE extended FROM ${text}`);
  expect(await cacheNamed(proxied, "extended")).toMatchObject({ reason: null });
  await agrees(text, CHANGES.slice(0, 2));
  await proxied.end();
  await freshet.terminate();
  await freshet.launch();
  proxied = await TextClient.connect(freshet.connection);
  await cachesReady(proxied);
  await agrees(text, CHANGES.slice(2));
});
