import { must } from "@freshet/base";
import type { PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FreshetProcess } from "../harness/freshet-process.ts";
import { Replicating, untilReady } from "./replicating.ts";
import {
  adminStatus,
  barrier,
  cachedRows,
  cacheNamed,
  lastStatement,
  missReason,
  TextClient,
  until,
} from "./support.ts";

let running: Replicating;
let server: PostgresServer;
let upstream: TextClient;
let freshet: FreshetProcess;
let proxied: TextClient;

beforeAll(async () => {
  running = await Replicating.start("invalidate", {
    schema: `
    CREATE TABLE items (id int PRIMARY KEY, kind text, price numeric, at timestamptz, made date);
    INSERT INTO items SELECT i, 'kind ' || i % 3, i * 1.5, '2020-01-01'::timestamptz + i * interval '1 hour', '2020-01-01'::date + i
      FROM generate_series(1, 30) i;
    CREATE TABLE others (id int PRIMARY KEY, item int);
    INSERT INTO others SELECT i, i FROM generate_series(1, 10) i;
  `,
  });
  ({ server, upstream, freshet, proxied } = running);
});

afterAll(() => running.stop());

/** The cached answer is the upstream's. */
async function agrees(text: string, values?: readonly unknown[]): Promise<void> {
  await barrier(upstream, proxied);
  expect(await cachedRows(proxied, text, values)).toEqual(await upstream.rows(text, values));
}

/** In a mode that the engine could do without. */
async function invalidate(name: string, text: string): Promise<void> {
  await proxied.rows(`CREATE CACHE ${name} WITH (mode = 'invalidate') FROM ${text}`);
}

test("a new row that an array within a subquery names drops the answer", async () => {
  const query =
    "SELECT id FROM others WHERE EXISTS (SELECT FROM items WHERE items.id = others.item AND items.kind = ANY ($1)) ORDER BY id";
  await invalidate("named", query);
  await upstream.rows("INSERT INTO others VALUES (500, 500)");
  await agrees(query, [["kind 1", "another"]]);
  await upstream.rows("INSERT INTO items VALUES (500, 'kind 1')");
  await agrees(query, [["kind 1", "another"]]);
  expect(await proxied.rows(query, [["kind 1", "another"]])).toContainEqual(["500"]);
  await upstream.rows("DELETE FROM others WHERE id = 500; DELETE FROM items WHERE id = 500");
  await agrees(query, [["kind 1", "another"]]);
  await proxied.rows("DROP CACHE named");
});

test("a query that the engine cannot maintain is read, kept and dropped when its tables change", async () => {
  const query =
    "SELECT kind, to_char(sum(price), 'FM990.00') FROM items WHERE id <> $1 OR id = $2 GROUP BY kind ORDER BY 1";
  await proxied.rows(`CREATE CACHE sums FROM ${query}`);
  expect(await cacheNamed(proxied, "sums")).toMatchObject({ mode: "invalidate", state: "ready" });
  await agrees(query, [3, 4]);
  await agrees(query, [5, 6]);
  for (const change of [
    "INSERT INTO items VALUES (100, 'kind 9', 1)",
    "UPDATE items SET price = 7 WHERE id = 100",
    "DELETE FROM items WHERE id = 100",
    "BEGIN; INSERT INTO items VALUES (101, 'kind 9', 1); SAVEPOINT a; UPDATE items SET price = 3 WHERE id = 101; ROLLBACK TO a; COMMIT",
    "BEGIN; TRUNCATE items; ROLLBACK",
  ]) {
    await upstream.rows(change);
    await agrees(query, [3, 4]);
  }
  const cache = must(await cacheNamed(proxied, "sums"));
  expect(Number(cache["rows"])).toBeGreaterThan(0);
  expect(Number(cache["bytes"])).toBeGreaterThan(0);
  expect(Number(cache["hits"])).toBeGreaterThan(5);
  expect(cache["reason"]).toContain("not incremental");
  await proxied.rows("DROP CACHE sums");
});

test("TRUNCATE, and changes of every table that a query reads, drop its answers", async () => {
  const query = "SELECT count(*) FROM items i WHERE EXISTS (SELECT FROM others o WHERE o.item = i.id)";
  await invalidate("both", query);
  await agrees(query);
  await upstream.rows("DELETE FROM others WHERE id = 3");
  await agrees(query);
  await upstream.rows("DELETE FROM items WHERE id = 4");
  await agrees(query);
  await upstream.rows("TRUNCATE others");
  await agrees(query);
  await upstream.rows("INSERT INTO others SELECT i, i FROM generate_series(1, 10) i");
  await agrees(query);
  expect(await cacheNamed(proxied, "both")).toMatchObject({ mode: "invalidate", state: "ready" });
  await proxied.rows("DROP CACHE both");
});

test("changes of rows that have no part in an answer leave it", async () => {
  const query = "SELECT kind, price FROM items WHERE id = $1 AND price > $2";
  await invalidate("narrow", query);
  const dropped = async (): Promise<number> => {
    const { body } = await adminStatus(freshet.adminUrl, "/metrics");
    return Number(must(/^freshet_answers_total\{event="dropped"\} (\d+)$/m.exec(body))[1]);
  };
  await agrees(query, [12, 0]);
  await agrees(query, [13, "5.0"]);
  const before = await dropped();
  await upstream.rows(
    "UPDATE items SET price = price + 1 WHERE id IN (14, 15); INSERT INTO items VALUES (500, 'x', 1)",
  );
  await upstream.rows("DELETE FROM items WHERE id = 500");
  await barrier(upstream, proxied);
  await agrees(query, [12, 0]);
  expect(await dropped()).toBe(before);
  await upstream.rows("UPDATE items SET price = price + 1 WHERE id = 13");
  await barrier(upstream, proxied);
  expect(await dropped()).toBe(before + 1);
  await agrees(query, [13, "5.0"]);
  await upstream.rows("UPDATE items SET id = 600 WHERE id = 12");
  await agrees(query, [12, 0]);
  await agrees(query, [600, 0]);
  await upstream.rows("UPDATE items SET id = 12 WHERE id = 600");
  await agrees(query, [12, 0]);
  await agrees(query, [600, 0]);
  await proxied.rows("DROP CACHE narrow");
});

test("answers are kept per settings, formats and values, as the session would see them", async () => {
  const query = "SELECT at, made, price, at::text FROM items WHERE id = $1";
  await invalidate("shown", query);
  const session = await TextClient.connect(freshet.connection);
  const direct = await TextClient.connect(server);
  try {
    for (const settings of [
      "SET TimeZone TO 'Europe/Vienna'",
      "SET DateStyle TO 'SQL, DMY'",
      "SET TimeZone TO 'UTC'",
    ]) {
      await session.rows(settings);
      await direct.rows(settings);
      for (const id of [1, 2]) {
        await barrier(upstream, proxied);
        expect(await cachedRows(session, query, [id])).toEqual(await direct.rows(query, [id]));
        const written = query.replace("$1", String(id));
        expect(await cachedRows(session, written)).toEqual(await direct.rows(written));
      }
    }
  } finally {
    await session.end();
    await direct.end();
    await proxied.rows("DROP CACHE shown");
  }
});

test("what depends on the clock is refused, or known to end", async () => {
  const late = "SELECT id FROM items WHERE at < now() ORDER BY random()";
  expect(await proxied.error(`CREATE CACHE late FROM ${late}`)).toMatchObject({ code: "0A000" });
  const query = "SELECT id FROM items WHERE made < CURRENT_DATE ORDER BY id";
  const explained = await proxied.rows(`EXPLAIN CREATE CACHE FROM ${query}`);
  expect(explained).toContainEqual(["mode", "invalidate"]);
  expect(explained).toContainEqual(["expires", "at midnight of the session's TimeZone"]);
  await proxied.rows(`CREATE CACHE today FROM ${query}`);
  await agrees(query);
  const dated = "SELECT id FROM items WHERE made < $1 AND id <> $2 ORDER BY id";
  await invalidate("dated", dated);
  await agrees(dated, ["2020-01-05", 2]);
  await proxied.rows(dated, ["today", 2]);
  expect(await lastStatement(proxied)).toMatchObject({ reason: "parameter_value" });
  await proxied.rows("DROP CACHE today");
  await proxied.rows("DROP CACHE dated");
});

test("a session reads its own writes, and a failing statement's error is the upstream's", async () => {
  const query = "SELECT 100 / (id - 7) AS q FROM items WHERE id = $1";
  await invalidate("division", query);
  await agrees(query, [8]);
  await proxied.rows("INSERT INTO items VALUES (200, 'own', 1)");
  await agrees("SELECT 100 / (id - 7) AS q FROM items WHERE id = $1", [200]);
  const fails = query.replace("$1", "7");
  await until("the failure is known", async () => {
    expect(await proxied.error(fails)).toMatchObject({ code: "22012" });
    const { reason } = await lastStatement(proxied);
    return reason === "fill_failed" ? true : undefined;
  });
  await upstream.rows("UPDATE items SET id = 700 WHERE id = 7");
  await agrees(fails);
  await proxied.rows("DROP CACHE division");
});

test("who may not read the tables, or call the functions, gets the upstream's error", async () => {
  await upstream.rows(`
    CREATE FUNCTION doubled(n numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n';
    REVOKE EXECUTE ON FUNCTION doubled FROM PUBLIC;
    CREATE ROLE clerk LOGIN PASSWORD 'clerk';
    GRANT SELECT (id) ON items TO clerk;
  `);
  const query = "SELECT doubled(price) FROM items WHERE id = $1";
  await invalidate("guarded", query);
  const clerk = await TextClient.connect({ ...freshet.connection, user: "clerk", password: "clerk" });
  try {
    await agrees(query, [9]);
    expect(await clerk.error(query.replace("$1", "9"))).toMatchObject({ code: "42501" });
    await proxied.rows("GRANT SELECT (price) ON items TO clerk");
    expect(await clerk.error(query.replace("$1", "9"))).toMatchObject({ code: "42501" });
    await proxied.rows("GRANT EXECUTE ON FUNCTION doubled TO clerk");
    expect(await cachedRows(clerk, query, [9])).toEqual(await upstream.rows(query, [9]));
    await proxied.rows("ALTER TABLE items ENABLE ROW LEVEL SECURITY");
    expect(await clerk.rows(query, [9])).toEqual([]);
    expect(
      await until("the policy is seen", async () =>
        (await missReason(clerk, query.replace("$1", "9"))) === "row_level_security" ? true : undefined,
      ),
    ).toBe(true);
  } finally {
    await clerk.end();
    await upstream.rows("ALTER TABLE items DISABLE ROW LEVEL SECURITY");
    await proxied.rows("DROP CACHE guarded");
    await upstream.rows("DROP FUNCTION doubled; REVOKE ALL ON items FROM clerk; DROP ROLE clerk");
  }
});

test("a schema change drops what is kept, and the query is looked at anew", async () => {
  await upstream.rows("CREATE TABLE shifting (id int PRIMARY KEY, v int); INSERT INTO shifting VALUES (1, 1)");
  await upstream.rows("CREATE VIEW shown AS SELECT id, v FROM shifting");
  const query = "SELECT v FROM shown WHERE id <> 0";
  await invalidate("shifting", query);
  await agrees(query);
  await upstream.rows("ALTER TABLE shifting ADD COLUMN w int DEFAULT 5");
  await agrees(query);
  await upstream.rows("CREATE OR REPLACE VIEW shown AS SELECT id, w AS v FROM shifting");
  await agrees(query);
  await upstream.rows("CREATE TABLE elsewhere (id int PRIMARY KEY, v int)");
  await upstream.rows("CREATE OR REPLACE VIEW shown AS SELECT id, v FROM elsewhere");
  await agrees(query);
  await upstream.rows("INSERT INTO elsewhere VALUES (1, 6)");
  await agrees(query);
  expect(await cacheNamed(proxied, "shifting")).toMatchObject({ mode: "invalidate", state: "ready" });
  await proxied.rows("DROP CACHE shifting");
  await upstream.rows("DROP VIEW shown; DROP TABLE shifting, elsewhere");
});

test("connections that break are made again, and nothing that was kept before is taken for new", async () => {
  const query = "SELECT count(*), sum(price) FROM items WHERE kind <> $1";
  await invalidate("broken", query);
  await agrees(query, ["kind 1"]);
  const ended = await upstream.rows(`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND (backend_type = 'walsender' OR application_name = 'freshet invalidate')`);
  expect(ended.length).toBeGreaterThan(1);
  await upstream.rows("UPDATE items SET price = price + 1");
  await untilReady(freshet);
  await agrees(query, ["kind 1"]);
  await upstream.rows("UPDATE items SET price = price + 1 WHERE id = 2");
  await agrees(query, ["kind 1"]);
  await proxied.rows("DROP CACHE broken");
});

test("after a restart the caches are there, and their answers are read again", async () => {
  const query = "SELECT max(price) FROM items WHERE kind LIKE $1";
  await invalidate("lasting", query);
  await agrees(query, ["kind%"]);
  await freshet.terminate();
  await proxied.end();
  await running.launch();
  ({ proxied } = running);
  await until("the cache is ready", async () =>
    (await cacheNamed(proxied, "lasting"))?.["state"] === "ready" ? true : undefined,
  );
  expect(await cacheNamed(proxied, "lasting")).toMatchObject({ mode: "invalidate" });
  await upstream.rows("UPDATE items SET price = 1000 WHERE id = 11");
  await agrees(query, ["kind%"]);
  await proxied.rows("DROP CACHE lasting");
});

test("the table that a cache is written to needs the mode incremental", async () => {
  const error = await proxied.error(
    "CREATE CACHE WITH (mode = 'invalidate', write_to = 'public.copied') FROM SELECT id FROM items",
  );
  expect(error).toMatchObject({ code: "0A000", message: expect.stringContaining("mode invalidate") });
});
