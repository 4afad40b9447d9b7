import { silentLogger, sleep } from "@freshet/base";
import { type PostgresServer, startPostgres } from "@freshet/postgres";
import { encodeQuery } from "@freshet/wire";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FakeCommands, FakeFront } from "../session/testing/fake-front.ts";
import { type Credentials, RawClient, errorOf, startup, types } from "../session/testing/raw-client.ts";
import { CACHED, query } from "../session/testing/statements.ts";
import { NO_UPSTREAM_TLS } from "../tls/upstream-tls.ts";
import { DEFAULT_PROXY_OPTIONS, ProxyServer } from "./proxy-server.ts";

const METHODS = [
  ["trust", "scram-sha-256"],
  ["password", "scram-sha-256"],
  ["md5", "md5"],
  ["scram-sha-256", "scram-sha-256"],
] as const;

let postgres: PostgresServer;
let admin: pg.Client;
let server: ProxyServer;
let port: number;
let hba: string;
let before: string[];

beforeAll(async () => {
  postgres = await startPostgres();
  admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  hba = (await admin.query<{ hba_file: string }>("SHOW hba_file")).rows[0]?.hba_file ?? "";
  const lines = await admin.query<{ line: string }>("SELECT regexp_split_to_table(pg_read_file($1), E'\\n') AS line", [
    hba,
  ]);
  before = lines.rows.map((row) => row.line);
  const rules = METHODS.map(([method]) => `host all "by ${method}" all ${method}`);
  await writeHba([...rules, ...before]);
  for (const [method, encryption] of METHODS) {
    await admin.query(`SET password_encryption TO '${encryption}'`);
    await admin.query(`CREATE ROLE "by ${method}" LOGIN PASSWORD 'pass word'`);
  }
  server = new ProxyServer({
    options: DEFAULT_PROXY_OPTIONS,
    upstream: postgres,
    front: new FakeFront(),
    commands: new FakeCommands(),
    logger: silentLogger(),
  });
  ({ port } = await server.start());
});

afterAll(async () => {
  await server.stop();
  for (const [method] of METHODS) await admin.query(`DROP ROLE "by ${method}"`);
  await writeHba(before);
  await admin.end();
  await postgres.stop();
});

/** Replaces the server's pg_hba.conf and waits until it is in force. */
async function writeHba(lines: readonly string[]): Promise<void> {
  // A blank keeps an empty line from being written as a pair of quotes.
  const literals = lines.map((line) => `(${admin.escapeLiteral(line === "" ? " " : line)})`).join(", ");
  const loadTime = async (): Promise<string> => {
    const { rows } = await admin.query<{ loaded: string }>("SELECT pg_conf_load_time()::text AS loaded");
    return rows[0]?.loaded ?? "";
  };
  await admin.query(
    `COPY (VALUES ${literals}) TO ${admin.escapeLiteral(hba)} WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')`,
  );
  const loaded = await loadTime();
  await admin.query("SELECT pg_reload_conf()");
  while ((await loadTime()) === loaded) await sleep(10);
}

const credentials = (method: string, password = "pass word"): Credentials => ({
  user: `by ${method}`,
  password,
  database: postgres.database,
});

describe.each(METHODS)("authentication by %s", (method) => {
  it("is relayed", async () => {
    const client = new RawClient(port);
    client.send(startup(credentials(method)));
    const messages = await client.authenticate(credentials(method));
    expect(types(messages)).toMatch(
      method === "trust" ? /^RS+KZ$/ : method === "scram-sha-256" ? /^RRRRS+KZ$/ : /^RRS+KZ$/,
    );
    expect(types(await query(client, "SELECT 1"))).toBe("TDCZ");
    client.close();
  });

  it("works with a driver", async () => {
    const client = new pg.Client({
      host: "127.0.0.1",
      port,
      user: `by ${method}`,
      password: "pass word",
      database: postgres.database,
    });
    await client.connect();
    expect((await client.query("SELECT current_user AS who")).rows).toEqual([{ who: `by ${method}` }]);
    await client.end();
  });
});

const WITH_PASSWORD = METHODS.map(([method]) => method).filter((method) => method !== "trust");

describe.each(WITH_PASSWORD)("a wrong password by %s", (method) => {
  it("is refused as the upstream does", async () => {
    const client = new RawClient(port);
    client.send(startup(credentials(method)));
    expect(errorOf(await client.authenticate(credentials(method, "wrong")))).toMatch(/^28P01 /);
    await client.closed;
  });
});

describe("a client that does not wait for the end of login", () => {
  it("has its messages answered afterwards", async () => {
    const client = new RawClient(port);
    client.send(startup(credentials("trust")), encodeQuery(CACHED), encodeQuery("SELECT 1"));
    expect(types(await client.untilReady())).toMatch(/^RS+KZ$/);
    expect(types(await client.untilReady())).toBe("TDDDCZ");
    expect(types(await client.untilReady())).toBe("TDCZ");
    client.close();
  });

  it("is refused by the upstream when it was asked for a password", async () => {
    const client = new RawClient(port);
    client.send(startup(credentials("password")), encodeQuery("SELECT 1"));
    expect(errorOf(await client.until("E"))).toMatch(/^08P01 expected password response/);
    await client.closed;
  });
});

describe("an upstream that is asked for TLS and has none", () => {
  it("is logged in to in plain text", async () => {
    const asking = new ProxyServer({
      options: DEFAULT_PROXY_OPTIONS,
      upstream: postgres,
      upstreamTls: { ...NO_UPSTREAM_TLS, mode: "prefer" },
      front: new FakeFront(),
      commands: new FakeCommands(),
      logger: silentLogger(),
    });
    const address = await asking.start();
    const client = await RawClient.login(address.port, credentials("scram-sha-256"));
    expect(types(await query(client, "SELECT 1"))).toBe("TDCZ");
    client.close();
    await asking.stop();
  });
});
