import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, withClient } from "./database.ts";
import { startPostgres } from "./postgres.ts";
import type { PostgresServer } from "./postgres.ts";

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres({ settings: { work_mem: "8MB" }, database: "shop" });
});

afterAll(() => server.stop());

test("the server is ready for logical replication and has the settings asked for", async () => {
  const rows = await withClient(server, async (client) => {
    const result = await client.query<{ level: string; memory: string; database: string }>(
      `SELECT current_setting('wal_level') AS level, current_setting('work_mem') AS memory,
              current_database() AS database`,
    );
    return result.rows;
  });
  expect(rows).toEqual([{ level: "logical", memory: "8MB", database: server.database }]);
});

test("a database of a test is dropped with its replication slots", async () => {
  const database = await createDatabase(server);
  await withClient(database, (client) =>
    client.query("SELECT pg_create_logical_replication_slot('left_behind', 'pgoutput')"),
  );
  await database.drop();
  const left = await withClient(server, async (client) => {
    const result = await client.query("SELECT slot_name FROM pg_replication_slots WHERE slot_name = 'left_behind'");
    return result.rows;
  });
  expect(left).toEqual([]);
  await expect(withClient(database, (client) => client.query("SELECT 1"))).rejects.toThrow(/does not exist/);
});
