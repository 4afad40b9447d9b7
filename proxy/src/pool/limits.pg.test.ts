import { once } from "node:events";
import { type AddressInfo, type Socket, createServer } from "node:net";
import type { PoolOptions } from "@freshet/base";
import { startPostgres } from "@freshet/postgres";
import type pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
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

async function start(options: Partial<PoolOptions>, to: UpstreamUrl = upstream): Promise<PooledProxy> {
  const proxy = await startPooledProxy(to, options);
  ending.push(() => proxy.stop());
  return proxy;
}

async function connect(proxy: PooledProxy, more: Readonly<Record<string, string>> = {}): Promise<pg.Client> {
  const client = await poolClient(proxy.port, upstream, more);
  ending.push(() => client.end().catch(() => undefined));
  return client;
}

const size = (proxy: PooledProxy): number => proxy.pools.all.reduce((total, pool) => total + pool.size, 0);
const code = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no error",
    (error: unknown) => (error instanceof Error && "code" in error ? error.code : String(error)),
  );

/** An upstream that takes connections and does with them what it is told. */
async function fakeUpstream(accept: (socket: Socket) => void): Promise<UpstreamUrl & { readonly seen: () => number }> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    count += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    accept(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  ending.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return { ...upstream, host: "127.0.0.1", port: (server.address() as AddressInfo).port, seen: () => count };
}

describe("limits of server connections", () => {
  it("max_user_connections, over the pools of a user", async () => {
    const proxy = await start({ maxUserConnections: 1 });
    const [one, two] = [await connect(proxy), await connect(proxy, { database: "template1" })];
    expect(await value(one, "SELECT current_database()")).toBe(upstream.database);
    expect(await value(two, "SELECT current_database()")).toBe("template1");
    expect(await value(one, "SELECT 1")).toBe("1");
    expect(size(proxy)).toBe(1);
    expect(proxy.pools.all).toHaveLength(2);
  });

  it("server_idle_timeout closes what nobody uses, down to min_pool_size", async () => {
    const proxy = await start({ serverIdleTimeout: 0.3, minPoolSize: 1, defaultPoolSize: 3 });
    const clients = [await connect(proxy), await connect(proxy), await connect(proxy)];
    await Promise.all(clients.map((client) => client.query("SELECT pg_sleep(0.2)")));
    expect(size(proxy)).toBeGreaterThan(1);
    await vi.waitUntil(() => size(proxy) === 1, { timeout: 20_000 });
    expect(await value(await connect(proxy), "SELECT 1")).toBe("1");
  });
});

describe("an upstream that cannot be logged in to", () => {
  it("server_connect_timeout, when it takes connections and says nothing", async () => {
    const silent = await fakeUpstream(() => undefined);
    const proxy = await start({ serverConnectTimeout: 0.3 }, silent);
    expect(await code(connect(proxy))).toMatch(/^08/);
    expect(size(proxy)).toBe(0);
  });

  it("server_login_retry, for which clients are told so without another attempt", async () => {
    const closing = await fakeUpstream((socket) => socket.destroy());
    const proxy = await start({ serverLoginRetry: 60 }, closing);
    expect(await code(connect(proxy))).toMatch(/^08/);
    const attempts = closing.seen();
    expect(attempts).toBeGreaterThan(0);
    for (let count = 0; count < 3; count++) expect(await code(connect(proxy))).toMatch(/^08/);
    expect(closing.seen()).toBe(attempts);
    const eager = await start({ serverLoginRetry: 0.001 }, closing);
    for (let count = 0; count < 3; count++) {
      expect(await code(connect(eager))).toMatch(/^08/);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(closing.seen()).toBeGreaterThanOrEqual(attempts + 3);
  });
});

describe("queries of the pool's own", () => {
  const last = (client: pg.Client, sequence: string): Promise<string> =>
    value(client, `SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM ${sequence}`);

  it("server_check_query, on a connection unused for server_check_delay", async () => {
    const setup = await connect(await start({}));
    await setup.query("CREATE SEQUENCE checks");
    const eager = await connect(await start({ serverCheckDelay: 0, serverCheckQuery: "SELECT nextval('checks')" }));
    await eager.query("SELECT 1");
    await new Promise((resolve) => setTimeout(resolve, 10));
    await eager.query("SELECT 1");
    expect(Number(await last(setup, "checks"))).toBeGreaterThan(0);
    const before = await last(setup, "checks");
    const calm = await connect(await start({ serverCheckDelay: 60, serverCheckQuery: "SELECT nextval('checks')" }));
    for (let count = 0; count < 3; count++) await calm.query("SELECT 1");
    expect(await last(setup, "checks")).toBe(before);
  });

  it("a connection that fails its check is replaced", async () => {
    const proxy = await start({ defaultPoolSize: 1, serverCheckDelay: 0, serverCheckQuery: "SELECT 1 / 0" });
    const client = await connect(proxy);
    const first = await value(client, "SELECT pg_backend_pid()");
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await value(client, "SELECT pg_backend_pid()")).not.toBe(first);
  });

  it("server_reset_query, when the client of a session has left", async () => {
    const setup = await connect(await start({}));
    await setup.query("CREATE SEQUENCE resets");
    const proxy = await start({
      poolMode: "session",
      defaultPoolSize: 1,
      serverResetQuery: "SELECT nextval('resets'); DISCARD ALL",
    });
    const first = await connect(proxy);
    await first.query("SET work_mem = '7MB'");
    await first.end();
    expect(await value(await connect(proxy), "SHOW work_mem")).not.toBe("7MB");
    expect(await last(setup, "resets")).toBe("1");
  });

  it("a server_reset_query that fails costs the connection, not the next client", async () => {
    const proxy = await start({ poolMode: "session", defaultPoolSize: 1, serverResetQuery: "SELECT nonsense" });
    const first = await connect(proxy);
    const pid = await value(first, "SELECT pg_backend_pid()");
    await first.end();
    expect(await value(await connect(proxy), "SELECT pg_backend_pid()")).not.toBe(pid);
  });
});
