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

test("statements are described without being run, mistakes rejected with the upstream's fields", async () => {
  const control = new ControlConnection({
    connectionString: server.url,
    applicationName: "describing",
    connectTimeoutMs: 10_000,
    prologue: ["SET freshet.internal = 'on'"],
  });
  const describe = (sql: string): ReturnType<Parameters<Parameters<typeof control.exclusive>[0]>[0]["describe"]> =>
    control.exclusive((connection) => connection.describe(sql));
  expect(await describe("SELECT $1::int8 AS n, relname FROM pg_catalog.pg_class WHERE oid = $2")).toMatchObject({
    parameters: [20, 26],
    columns: [
      { name: "n", tableOid: 0, attribute: 0, typeOid: 20, typeLength: 8, typmod: -1 },
      { name: "relname", tableOid: 1259, attribute: 2, typeOid: 19, typeLength: 64, typmod: -1 },
    ],
  });
  expect(await describe("SET work_mem = '1MB'")).toEqual({ parameters: [], columns: [] });
  await expect(describe("SELECT nothing FROM pg_catalog.pg_class")).rejects.toMatchObject({
    code: "42703",
    position: 8,
  });
  // A mistake leaves no listener behind that would take the next statement's parameters.
  expect((await describe("SELECT $1::text")).parameters).toEqual([25]);
  expect(await control.query("SELECT current_setting('freshet.internal'), NULL, '{1}'::int[]")).toEqual([
    ["on", null, "{1}"],
  ]);
  await control.close();
  await expect(control.query("SELECT 1")).rejects.toMatchObject({ code: "57P03" });
});

test("a use that takes too long loses its connection, the next has another", async () => {
  const control = new ControlConnection({
    connectionString: server.url,
    applicationName: "bounded",
    connectTimeoutMs: 10_000,
    useTimeoutMs: 300,
  });
  await expect(control.query("SELECT pg_sleep(60)")).rejects.toBeInstanceOf(FreshetError);
  expect(await control.query("SELECT 1")).toEqual([["1"]]);
  await control.close();
});

test("closing ends what does not end by itself", async () => {
  const control = new ControlConnection({
    connectionString: server.url,
    applicationName: "closing",
    connectTimeoutMs: 10_000,
  });
  const sleeping = control.query("SELECT pg_sleep(60)");
  await Promise.all([expect(sleeping).rejects.toBeInstanceOf(FreshetError), control.close(10)]);
});
