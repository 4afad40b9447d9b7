import { DEFAULT_AUTH_QUERY } from "@freshet/base";
import { type PostgresServer, startPostgres } from "@freshet/postgres";
import pg from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { AUTH_QUERY_PROLOGUE, askForSecret } from "../authentication/auth-query.ts";
import { Authenticator } from "../authentication/authenticator.ts";
import { systemHostNames } from "../authentication/hba-address.ts";
import { IdentMap } from "../authentication/ident-map.ts";
import { ControlConnection } from "../control/control-connection.ts";
import { type PooledProxy, startPooledProxy } from "../session/testing/pooled-postgres.ts";
import { parseUpstreamUrl } from "../upstream/address.ts";

/** What a pool has learnt of a password is good until the password is another one. */

let postgres: PostgresServer;
let admin: pg.Client;
let control: ControlConnection;
let proxy: PooledProxy;
const clients: pg.Client[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
  admin = new pg.Client(postgres.url);
  await admin.connect();
  await admin.query("CREATE ROLE jane LOGIN PASSWORD 'first'");
  control = new ControlConnection({
    connectionString: postgres.url,
    applicationName: "auth",
    connectTimeoutMs: 5000,
    prologue: AUTH_QUERY_PROLOGUE,
  });
  const authenticator = new Authenticator({
    type: "scram-sha-256",
    rules: () => ({ hba: [], identMap: IdentMap.EMPTY, users: new Map() }),
    query: (user) => control.withClient((client) => askForSecret(client, DEFAULT_AUTH_QUERY, user)),
    lookups: { rolesOf: () => Promise.resolve(new Set()), hostNames: systemHostNames },
  });
  proxy = await startPooledProxy(parseUpstreamUrl(postgres.url), { serverLoginRetry: 600 }, {}, authenticator);
});

afterAll(async () => {
  for (const client of clients) await client.end().catch(() => undefined);
  await proxy.stop();
  await control.close();
  await admin.query("DROP ROLE jane");
  await admin.end();
  await postgres.stop();
});

async function connect(password: string): Promise<pg.Client> {
  const { database } = postgres;
  const client = new pg.Client({ host: "127.0.0.1", port: proxy.port, user: "jane", password, database });
  client.on("error", () => undefined);
  clients.push(client);
  await client.connect();
  return client;
}

const who = async (client: pg.Client): Promise<unknown> => (await client.query("SELECT current_user AS me")).rows;

test("a changed password ends what was learnt of the old one, and is learnt at the next login", async () => {
  const early = await connect("first");
  expect(await who(early)).toEqual([{ me: "jane" }]);
  await admin.query("ALTER ROLE jane PASSWORD 'second'");
  // The connections that are there go on.
  expect(await who(early)).toEqual([{ me: "jane" }]);
  await expect(connect("first")).rejects.toMatchObject({ code: "28P01" });
  await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'jane'");
  await vi.waitUntil(() => proxy.pools.all.every((pool) => pool.size === 0), { timeout: 10_000, interval: 5 });
  // The old key is of no more use, nor is another attempt with it.
  await expect(who(early)).rejects.toMatchObject({ code: "28P01" });
  const late = await connect("second");
  expect(await who(late)).toEqual([{ me: "jane" }]);
});
