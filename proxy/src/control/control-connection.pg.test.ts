import { FreshetError } from "@freshet/base";
import { type PostgresServer, startPostgres, withClient } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ControlConnection } from "./control-connection.ts";

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(async () => {
  await server.stop();
});

test("a connection that ends while a statement is being described rejects it, and the next use has a new one", async () => {
  const control = new ControlConnection({
    connectionString: server.url,
    applicationName: "control",
    connectTimeoutMs: 10_000,
  });
  await withClient(server, async (client) => {
    await client.query("CREATE TABLE held (id int)");
    await client.query("BEGIN; LOCK TABLE held IN ACCESS EXCLUSIVE MODE");
    const described = control.exclusive((connection) => connection.describe("SELECT id FROM held"));
    const outcome = described.then(
      () => "described",
      (thrown: unknown) => thrown,
    );
    let terminated = 0;
    while (terminated === 0) {
      // Inside a transaction the activity would be looked at once only.
      await client.query("SELECT pg_stat_clear_snapshot()");
      const result = await client.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'control' AND wait_event_type = 'Lock'",
      );
      terminated = result.rowCount ?? 0;
    }
    expect(await outcome).toBeInstanceOf(FreshetError);
    await client.query("ROLLBACK");
  });
  expect(await control.query("SELECT 1")).toEqual([["1"]]);
  await control.close();
});
