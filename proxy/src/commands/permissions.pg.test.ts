import { type PostgresServer, startPostgres, withClient } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ControlConnection, type TextRows } from "../control/control-connection.ts";
import { assertMayWrite } from "./permissions.ts";

let server: PostgresServer;
let control: ControlConnection;

beforeAll(async () => {
  server = await startPostgres();
  await withClient(server, (client) =>
    client.query(`
      CREATE ROLE perm_owner; CREATE ROLE perm_member IN ROLE perm_owner; CREATE ROLE perm_stranger;
      CREATE SCHEMA owned AUTHORIZATION perm_owner; CREATE SCHEMA closed;
      CREATE TABLE closed.open_table (id int); GRANT INSERT, DELETE ON closed.open_table TO perm_stranger;
      CREATE TABLE closed.half_open (id int); GRANT INSERT ON closed.half_open TO perm_stranger`),
  );
  control = new ControlConnection({ connectionString: server.url, applicationName: "test", connectTimeoutMs: 10_000 });
});

afterAll(async () => {
  await control.close();
  await withClient(server, (client) =>
    client.query(`
      DROP TABLE closed.open_table, closed.half_open; DROP SCHEMA owned, closed;
      DROP ROLE perm_member; DROP ROLE perm_owner; DROP ROLE perm_stranger`),
  );
  await server.stop();
});

const ask = (sql: string): Promise<TextRows> => control.query(sql);

test("write_to needs what the role would need to fill the table itself", async () => {
  await assertMayWrite(ask, "perm_owner", { schema: "owned", table: "new_table" });
  await assertMayWrite(ask, "perm_stranger", { schema: "closed", table: "open_table" });
  await expect(assertMayWrite(ask, "perm_stranger", { schema: "owned", table: "new_table" })).rejects.toMatchObject({
    code: "42501",
    message: "permission denied for schema owned",
  });
  await expect(assertMayWrite(ask, "perm_stranger", { schema: "closed", table: "half_open" })).rejects.toMatchObject({
    code: "42501",
    message: "permission denied for table closed.half_open",
  });
  await expect(assertMayWrite(ask, "perm_owner", { schema: "nowhere", table: "t" })).rejects.toMatchObject({
    code: "3F000",
  });
});
