import { type PostgresServer, startPostgres } from "@freshet/postgres";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NO_UPSTREAM_TLS } from "../tls/upstream-tls.ts";
import { UpstreamServer } from "./upstream-server.ts";

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

test.each(["prefer", "allow", "disable"] as const)(
  "the driver talks to a server without TLS in mode %s",
  async (mode) => {
    const { host, port, url } = server;
    const upstream = new UpstreamServer({ host, port }, 5000, { ...NO_UPSTREAM_TLS, mode });
    const { driverStream } = upstream;
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: 5000,
      ...(driverStream === undefined ? {} : { stream: driverStream }),
    });
    await client.connect();
    expect((await client.query("SELECT repeat('x', 200000) AS long")).rows[0]).toEqual({ long: "x".repeat(200_000) });
    await client.end();
  },
);
