import { setTimeout as sleep } from "node:timers/promises";
import { environment, must, random, SeededRandom } from "@freshet/base";
import { startPostgres } from "@freshet/postgres";
import type { PostgresServer } from "@freshet/postgres";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { barrier, cachedRows, cacheNamed, cachesReady, TextClient, until, withText } from "./support.ts";
import { Writers } from "./writers.ts";

const cycles = Number(environment()["FAULT_CYCLES"] ?? 3);
const seed = Number(environment()["FAULT_SEED"] ?? Math.floor(random() * 2 ** 31));

const joined =
  "SELECT c.region, count(*) AS n, sum(o.amount) AS total FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.region ORDER BY c.region";
const lookUp = "SELECT id, amount, status FROM orders WHERE customer_id = $1 ORDER BY id";
const top = "SELECT id, amount FROM orders ORDER BY amount DESC, id LIMIT 10";
const byStatus = "SELECT status, count(*) AS n, max(amount) AS largest FROM orders GROUP BY status";
const perCustomer =
  "SELECT c.id, c.region, count(o.id) AS n, sum(o.amount) AS total FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.region";
const events = "SELECT kind, count(*), max(id) FROM events GROUP BY kind ORDER BY kind";

const modes = ["plain", "create", "concurrently"] as const;
type Mode = (typeof modes)[number];

let server: PostgresServer;
let freshet: FreshetProcess;
let upstream: TextClient;

beforeAll(async () => {
  server = await startPostgres();
  upstream = await TextClient.connect(server);
  await upstream.rows(`
    CREATE TABLE customers (id int PRIMARY KEY, region text NOT NULL);
    CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id int NOT NULL, amount numeric(12,2) NOT NULL, status text);
    CREATE TABLE events (id int PRIMARY KEY, kind int NOT NULL, note text);
    INSERT INTO customers SELECT i, 'region ' || i % 7 FROM generate_series(1, 200) i;
    INSERT INTO orders (customer_id, amount, status) SELECT 1 + i % 200, (i * 7919 % 100000) / 100.0, CASE i % 3 WHEN 0 THEN 'new' WHEN 1 THEN 'paid' END FROM generate_series(1, 3000) i;
    INSERT INTO events SELECT i, i % 11, repeat('x', 100) FROM generate_series(1, 40000) i;
  `);
  freshet = await FreshetProcess.start({ upstream: server, instance: "kills" });
  await withText(freshet.connection, async (proxied) => {
    await until("replication runs", async () => {
      const status = new Map((await proxied.rows("SHOW FRESHET STATUS")).map(([name, value]) => [name, value]));
      return status.get("replication") === "streaming" ? true : undefined;
    });
    await proxied.rows(`CREATE CACHE joined FROM ${joined}`);
    await proxied.rows(`CREATE CACHE look_up FROM ${lookUp}`);
    await proxied.rows(`CREATE CACHE top FROM ${top}`);
    await proxied.rows(`CREATE CACHE by_status WITH (write_to = 'public.status_totals') FROM ${byStatus}`);
    await proxied.rows(`CREATE CACHE per_customer WITH (write_to = 'public.customer_totals') FROM ${perCustomer}`);
  });
});

afterAll(async () => {
  await upstream.end();
  await freshet.remove();
  await server.stop();
});

/** Every cache and every written-back table says what the upstream says. Nobody writes meanwhile. */
async function expectEqual(proxied: TextClient): Promise<void> {
  await cachesReady(proxied);
  await barrier(upstream, proxied);
  expect(await cachedRows(proxied, joined)).toEqual(await upstream.rows(joined));
  expect(await cachedRows(proxied, top)).toEqual(await upstream.rows(top));
  for (const customer of [1, 17, 42, 100, 199]) {
    expect(await cachedRows(proxied, lookUp, [customer])).toEqual(await upstream.rows(lookUp, [customer]));
  }
  await expectWritten(proxied, "status_totals", byStatus);
  await expectWritten(proxied, "customer_totals", perCustomer);
}

/** Writing back follows the views; what differs at the end is told row by row. */
async function expectWritten(proxied: TextClient, table: string, query: string): Promise<void> {
  const wanted = (await upstream.rows(query)).map((row) => JSON.stringify(row)).toSorted();
  const read = async (): Promise<string[]> =>
    (await upstream.rows(`TABLE public.${table}`)).map((row) => JSON.stringify(row)).toSorted();
  try {
    await until(`${table} equals its query`, async () => ((await read()).join() === wanted.join() ? true : undefined));
  } catch (error) {
    const caches = JSON.stringify(await proxied.records("SHOW CACHES"), null, 1);
    expect(await read(), `${caches}\n${freshet.output}`).toEqual(wanted);
    throw error;
  }
}

/** Asks for one more cache, over a table that has to be copied, and does not wait. */
async function createDuringKill(name: string, concurrently: boolean): Promise<"created" | "unknown"> {
  const option = concurrently ? "CONCURRENTLY " : "";
  try {
    await withText(freshet.connection, (client) => client.rows(`CREATE CACHE ${option}${name} FROM ${events}`));
    return "created";
  } catch (error) {
    // PostgreSQL's own errors would be mistakes of this test or of Freshet; any other is the connection's end.
    if (error instanceof pg.DatabaseError && error.code !== "08006") throw error;
    return "unknown";
  }
}

/** Kills and restarts at random moments while others write; tells what came of the cache that was asked for meanwhile. */
async function killCycle(rng: SeededRandom, extra: string, mode: Mode): Promise<"created" | "unknown" | null> {
  const writers = await Writers.start(server, rng.uint32(), 2);
  try {
    await sleep(rng.integer(50, 600));
    const creation = mode === "plain" ? null : createDuringKill(extra, mode === "concurrently");
    const killing = sleep(rng.integer(0, 500)).then(() => freshet.kill());
    const [outcome] = await Promise.all([creation, killing]);
    await sleep(rng.integer(0, 300));
    await freshet.launch();
    await sleep(rng.integer(0, 300));
    // Once more while it catches up.
    if (rng.chance(0.4)) {
      await freshet.kill();
      await freshet.launch();
    }
    return outcome;
  } finally {
    await writers.stop();
    expect(writers.transactions).toBeGreaterThan(0);
  }
}

test(`kill -9 under write load loses nothing (seed ${seed}, ${cycles} cycles)`, async () => {
  const rng = new SeededRandom(seed);
  for (let cycle = 1; cycle <= cycles; cycle++) {
    const name = `extra_${cycle}`;
    const outcome = await killCycle(rng, name, must(modes[cycle % modes.length]));
    await withText(freshet.connection, async (proxied) => {
      await expectEqual(proxied);
      const extra = await cacheNamed(proxied, name);
      if (outcome === "created") expect(extra).toMatchObject({ state: "ready" });
      if (extra !== undefined) expect(await cachedRows(proxied, events)).toEqual(await upstream.rows(events));
      await proxied.rows(`DROP CACHE IF EXISTS ${name}`);
    });
  }
  await expectNothingLeft();
}, 600_000);

/** No slot but the one, no table published that no cache reads, no session of the dead. */
async function expectNothingLeft(): Promise<void> {
  expect(await upstream.rows("SELECT count(*) FROM pg_replication_slots")).toEqual([["1"]]);
  const published = await upstream.rows("SELECT tablename FROM pg_publication_tables ORDER BY 1");
  expect(published).toEqual([["customers"], ["orders"]]);
  await freshet.terminate();
  await until("no session of Freshet is left", async () => {
    const left = await upstream.value(
      "SELECT count(*) FROM pg_stat_activity WHERE application_name ILIKE '%freshet%' AND pid <> pg_backend_pid()",
    );
    return must(left) === "0" ? true : undefined;
  });
}
