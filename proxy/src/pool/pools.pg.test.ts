import type { PoolOptions } from "@freshet/base";
import { startPostgres } from "@freshet/postgres";
import type pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { RawClient } from "../session/testing/raw-client.ts";
import { type PooledProxy, startPooledProxy } from "../session/testing/pooled-postgres.ts";
import { type UpstreamUrl, parseUpstreamUrl } from "../upstream/address.ts";
import { poolClient, value } from "./testing/pool-client.ts";

let postgres: Awaited<ReturnType<typeof startPostgres>>;
let upstream: UpstreamUrl;
let ending: (() => Promise<void>)[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
  upstream = parseUpstreamUrl(postgres.url);
});
afterEach(async () => {
  for (const end of ending.toReversed()) await end();
  ending = [];
});
afterAll(() => postgres.stop());

async function start(options: Partial<PoolOptions>): Promise<PooledProxy> {
  const proxy = await startPooledProxy(upstream, options);
  ending.push(() => proxy.stop());
  return proxy;
}

async function connect(proxy: PooledProxy, more: Readonly<Record<string, string>> = {}): Promise<pg.Client> {
  const client = await poolClient(proxy.port, upstream, more);
  ending.push(() => client.end().catch(() => undefined));
  return client;
}

/** Waits for what happens in this process. */
const waitUntil = (condition: () => boolean): Promise<unknown> =>
  vi.waitUntil(condition, { timeout: 20_000, interval: 5 });

const code = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    (error: unknown) => (error instanceof Error && "code" in error ? error.code : String(error)),
  );

const pid = (client: pg.Client): Promise<string> => value(client, "SELECT pg_backend_pid()");

/** How many server connections there are. */
const size = (proxy: PooledProxy): number => proxy.pools.all.reduce((total, pool) => total + pool.size, 0);

describe("mode transaction", () => {
  it("lets clients take turns on one server connection", async () => {
    const proxy = await start({ defaultPoolSize: 1 });
    const [one, two] = [await connect(proxy), await connect(proxy)];
    expect(await pid(one)).toBe(await pid(two));
    await one.query("BEGIN");
    const waiting = pid(two);
    await waitUntil(() => proxy.pools.all[0]?.waiting === 1);
    const own = await pid(one);
    await one.query("COMMIT");
    expect(await waiting).toBe(own);
  });

  it.each([
    ["temporary objects", "CREATE TEMP TABLE t (a int)", "DROP TABLE t"],
    ["advisory lock", "SELECT pg_advisory_lock(7)", "SELECT pg_advisory_unlock(7)"],
    ["LISTEN", "LISTEN news", "UNLISTEN news"],
    ["cursor WITH HOLD", "DECLARE c CURSOR WITH HOLD FOR SELECT 1", "CLOSE c"],
    ["PREPARE", "PREPARE p AS SELECT 1", "DEALLOCATE p"],
  ])("%s keeps the connection, and the reason can be seen, until it is gone", async (reason, begin, end) => {
    const proxy = await start({ defaultPoolSize: 2 });
    const client = await connect(proxy);
    await client.query(begin);
    await waitUntil(() => [...proxy.pools.seats][0]?.session?.activity().pins.join() === reason);
    expect(proxy.pools.all[0]?.active.size).toBe(1);
    await client.query(end);
    await waitUntil(() => proxy.pools.all[0]?.active.size === 0);
  });

  it("cleans a connection whose client left something behind", async () => {
    const proxy = await start({ defaultPoolSize: 1 });
    const one = await connect(proxy);
    const own = await pid(one);
    await one.query("CREATE TEMP TABLE t (a int); SET app.secret = 'mine'; SELECT pg_advisory_lock(1)");
    await one.end();
    const two = await connect(proxy);
    expect(await pid(two)).toBe(own);
    expect(await value(two, "SELECT to_regclass('pg_temp.t')")).toBe("null");
    expect(await value(two, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")).toBe("0");
    expect(await value(two, "SELECT coalesce(current_setting('app.secret', true), '')")).toBe("");
  });

  it("takes what a client asked for at its beginning for what RESET goes back to", async () => {
    const proxy = await start({ defaultPoolSize: 2 });
    const one = await connect(proxy, { options: "-c work_mem=3MB", application_name: "first" });
    const two = await connect(proxy, { application_name: "second" });
    await one.query("SET work_mem = '5MB'");
    expect(await value(two, "SHOW work_mem")).not.toBe("5MB");
    expect(await value(one, "SHOW work_mem")).toBe("5MB");
    await one.query("RESET ALL");
    expect(await value(one, "SHOW work_mem")).toBe("3MB");
    expect(await value(one, "SHOW application_name")).toBe("first");
    expect(await value(two, "SHOW application_name")).toBe("second");
  });

  it("prepares statements anew after DDL has changed what they give", async () => {
    const proxy = await start({ defaultPoolSize: 1 });
    const [one, two] = [await connect(proxy), await connect(proxy)];
    await one.query("CREATE TABLE changing (a int)");
    const ask = (client: pg.Client): Promise<pg.QueryResult> =>
      client.query({ name: "all", text: "SELECT * FROM changing" });
    await ask(one);
    await ask(two);
    await one.query("ALTER TABLE changing ADD COLUMN b int");
    expect(await code(ask(two))).toBe("0A000");
    expect((await ask(one)).fields.map(({ name }) => name)).toEqual(["a", "b"]);
    expect((await ask(two)).fields.map(({ name }) => name)).toEqual(["a", "b"]);
  });

  it("interrupts the client's own statement alone", async () => {
    const proxy = await start({ defaultPoolSize: 1 });
    const [one, two] = [await connect(proxy), await connect(proxy)];
    const sleeping = code(one.query("SELECT pg_sleep(30)"));
    await waitUntil(() => proxy.pools.all[0]?.active.size === 1);
    // Not running: its request must hit nobody.
    await cancel(proxy, two);
    const after = code(two.query("SELECT 2"));
    await cancel(proxy, one);
    expect(await sleeping).toBe("57014");
    expect(await after).toBe("no error");
  });
});

async function cancel(proxy: PooledProxy, client: pg.Client): Promise<void> {
  const keys: unknown = client;
  const { processID, secretKey } = keys as { processID: number; secretKey: number };
  const packet = Buffer.alloc(16);
  [16, 80877102, processID, secretKey].forEach((word, index) => packet.writeInt32BE(word, 4 * index));
  const raw = new RawClient(proxy.port);
  raw.send(packet);
  await raw.closed;
}

describe("mode session", () => {
  it("keeps the connection until the client leaves, and cleans it", async () => {
    const proxy = await start({ poolMode: "session", defaultPoolSize: 1 });
    const one = await connect(proxy);
    await one.query("SET work_mem = '7MB'; CREATE TEMP TABLE t (a int)");
    const own = await pid(one);
    const two = connect(proxy);
    await waitUntil(() => proxy.pools.all[0]?.waiting === 1);
    await one.end();
    const next = await two;
    expect(await pid(next)).toBe(own);
    expect(await value(next, "SHOW work_mem")).not.toBe("7MB");
    expect(await value(next, "SELECT to_regclass('pg_temp.t')")).toBe("null");
  });
});

describe("mode statement", () => {
  it("refuses transaction blocks", async () => {
    const proxy = await start({ poolMode: "statement" });
    const client = await connect(proxy);
    expect(await value(client, "SELECT 1")).toBe("1");
    await client.query("BEGIN").catch(() => undefined);
    expect(await code(client.query("SELECT 1"))).not.toBe("no error");
    await waitUntil(() => size(proxy) === proxy.pools.all[0]?.idle.length);
  });
});

describe("limits and time-outs", () => {
  it("max_client_conn", async () => {
    const proxy = await start({ maxClientConn: 1 });
    await connect(proxy);
    expect(await code(connect(proxy))).toBe("53300");
  });

  it("query_wait_timeout", async () => {
    const proxy = await start({ defaultPoolSize: 1, queryWaitTimeout: 0.2 });
    const [one, two] = [await connect(proxy), await connect(proxy)];
    await one.query("BEGIN");
    expect(await code(two.query("SELECT 1"))).toBe("53300");
    await one.query("COMMIT");
  });

  it.each([
    ["query_timeout", { queryTimeout: 0.3 }, ["SELECT pg_sleep(20)"], "57014"],
    ["idle_transaction_timeout", { idleTransactionTimeout: 0.3 }, ["BEGIN"], "25P03"],
    ["transaction_timeout", { transactionTimeout: 0.3 }, ["BEGIN"], "25P04"],
    ["client_idle_timeout", { clientIdleTimeout: 0.3 }, ["SELECT 1"], "57P05"],
  ] as const)("%s", async (_name, options, statements, expected) => {
    const proxy = await start({ ...options, defaultPoolSize: 1 });
    const client = await connect(proxy);
    const told = new Promise((resolve) => client.on("error", (error) => resolve("code" in error ? error.code : error)));
    let failed: unknown = "no error";
    for (const statement of statements) failed = await code(client.query(statement));
    expect(failed === "no error" ? await told : failed).toBe(expected);
    const next = await connect(proxy);
    expect(await value(next, "SELECT 1")).toBe("1");
  });

  it("max_db_connections, over the pools of a database", async () => {
    const admin = await start({});
    const setup = await connect(admin);
    await setup.query("CREATE ROLE other LOGIN PASSWORD 'other'");
    const proxy = await startPooledProxy(upstream, { maxDbConnections: 1 }, { other: "other" });
    ending.push(() => proxy.stop());
    const [one, two] = [await connect(proxy), await connect(proxy, { user: "other", password: "other" })];
    expect(await value(one, "SELECT 1")).toBe("1");
    expect(await value(two, "SELECT current_user")).toBe("other");
    expect(await value(one, "SELECT 1")).toBe("1");
    expect(size(proxy)).toBe(1);
  });

  it("reserve_pool_size, for those who have waited", async () => {
    const proxy = await start({ defaultPoolSize: 1, reservePoolSize: 1, reservePoolTimeout: 0.2 });
    const [one, two] = [await connect(proxy), await connect(proxy)];
    await one.query("BEGIN");
    expect(await value(two, "SELECT 1")).toBe("1");
    expect(size(proxy)).toBe(2);
    await one.query("COMMIT");
  });

  it("min_pool_size and server_lifetime", async () => {
    const proxy = await start({ minPoolSize: 3, serverLifetime: 0.5 });
    const client = await connect(proxy);
    await waitUntil(() => size(proxy) === 3);
    const first = await pid(client);
    const isThere = (): boolean =>
      proxy.pools.all[0]?.idle.some(({ processId }) => String(processId) === first) === true;
    await waitUntil(() => !isThere());
    expect(await pid(client)).not.toBe(first);
  });

  it("a server connection that has died is not handed out", async () => {
    const proxy = await start({ defaultPoolSize: 2 });
    const [one, two] = [await connect(proxy), await connect(proxy)];
    await one.query("BEGIN");
    const victim = await pid(two);
    await one.query(`SELECT pg_terminate_backend(${victim})`);
    await waitUntil(() => proxy.pools.all[0]?.idle.length === 0);
    expect(await pid(two)).not.toBe(victim);
    await one.query("COMMIT");
  });
});

describe("the admin console", () => {
  const open = async (options: Partial<PoolOptions>): Promise<{ proxy: PooledProxy; console: pg.Client }> => {
    const proxy = await start({ adminUsers: upstream.user ?? "", ...options });
    return { proxy, console: await connect(proxy, { database: "freshet" }) };
  };

  it("shows pools, clients, servers and the rest", async () => {
    const { proxy, console } = await open({ defaultPoolSize: 2 });
    const client = await connect(proxy, { application_name: "shown" });
    await client.query("CREATE TEMP TABLE t (a int)");
    await waitUntil(() => [...proxy.pools.seats][0]?.session?.activity().pins.length === 1);
    const user = upstream.user ?? "";
    expect((await console.query("SHOW POOLS")).rows).toMatchObject([
      { user, sv_active: "1", pool_mode: "transaction" },
    ]);
    expect((await console.query("SHOW CLIENTS")).rows).toMatchObject([
      { user, application_name: "shown", state: "idle", pinned: "temporary objects" },
    ]);
    expect((await console.query("SHOW SERVERS;")).rows).toMatchObject([{ user, state: "active" }]);
    expect(Number((await console.query("SHOW STATS")).rows[0].total_query_count)).toBeGreaterThan(0);
    for (const name of ["DATABASES", "USERS", "CONFIG", "MEM", "VERSION", "HELP"])
      expect((await console.query(`SHOW ${name}`)).rows.length).toBeGreaterThan(0);
    expect(await code(console.query("SHOW NONSENSE"))).toBe("42601");
    expect(await code(console.query("NONSENSE"))).toBe("42601");
  });

  it("speaks the extended protocol, too", async () => {
    const { proxy, console } = await open({});
    await (await connect(proxy)).query("SELECT 1");
    const extended = (text: string): Promise<pg.QueryResult> => console.query({ text, name: text, values: [] });
    for (let count = 0; count < 2; count++)
      expect((await extended("SHOW POOLS")).rows).toMatchObject([{ user: upstream.user, pool_mode: "transaction" }]);
    const cutOff: pg.QueryConfig & { rows: number } = { text: "SHOW CONFIG", rows: 3 };
    expect((await console.query(cutOff)).rows.length).toBeGreaterThan(3);
    expect((await extended("PAUSE")).command).toBe("PAUSE");
    expect((await extended("RESUME")).rows).toEqual([]);
    expect(await code(extended("SHOW NONSENSE"))).toBe("42601");
    expect(await code(console.query("SHOW POOLS", ["1"]))).toBe("08P01");
    expect((await extended("SHOW POOLS")).rows).toHaveLength(1);
    expect((await console.query("SHOW POOLS")).rows).toHaveLength(1);
  });

  it("pauses and resumes", async () => {
    const { proxy, console } = await open({});
    const client = await connect(proxy);
    await client.query("SELECT 1");
    await console.query("PAUSE");
    const waiting = value(client, "SELECT 1");
    await waitUntil(() => proxy.pools.all[0]?.waiting === 1);
    expect(size(proxy)).toBe(0);
    await console.query("RESUME");
    expect(await waiting).toBe("1");
  });

  it("closes connections, ends clients, keeps databases shut", async () => {
    const { proxy, console } = await open({});
    const client = await connect(proxy);
    const before = await pid(client);
    await console.query("RECONNECT");
    expect(await pid(client)).not.toBe(before);
    const database = upstream.database ?? "";
    await console.query(`DISABLE ${database}`);
    expect(await code(connect(proxy))).toBe("57P03");
    await console.query(`ENABLE ${database}`);
    await console.query(`KILL ${database}`);
    expect(await code(client.query("SELECT 1"))).not.toBe("no error");
    await console.query(`RESUME ${database}`);
    expect(await value(await connect(proxy), "SELECT 1")).toBe("1");
  });

  it("is for administrators", async () => {
    const proxy = await start({ statsUsers: upstream.user ?? "" });
    const looking = await connect(proxy, { database: "freshet" });
    expect((await looking.query("SHOW POOLS")).rows).toEqual([]);
    const { database } = upstream;
    for (const command of [
      "PAUSE",
      "RESUME",
      "RECONNECT",
      "RELOAD",
      "SHUTDOWN",
      `DISABLE ${database}`,
      `KILL ${database}`,
    ])
      expect([command, await code(looking.query(command))]).toEqual([command, "42501"]);
    const none = await start({});
    expect(await code(connect(none, { database: "freshet" }))).toBe("42501");
  });
});
