import type { CacheCommandRoles } from "@freshet/base";
import { type PostgresServer, startPostgres, withClient } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ControlConnection } from "../control/control-connection.ts";
import { Cache } from "./cache.ts";
import { CachePermissions } from "./cache-permissions.ts";

let server: PostgresServer;
let control: ControlConnection;
/** Of the tables `owned` and `foreign_table`. */
let owned: { readonly tableOid: number };
let foreign: { readonly tableOid: number };

beforeAll(async () => {
  server = await startPostgres();
  const oids = await withClient(server, async (client) => {
    await client.query(`
      CREATE ROLE cache_owner; CREATE ROLE cache_member IN ROLE cache_owner; CREATE ROLE cache_stranger;
      CREATE ROLE cache_manager; CREATE ROLE cache_clerk IN ROLE cache_manager;
      CREATE TABLE owned (id int); ALTER TABLE owned OWNER TO cache_owner; CREATE TABLE foreign_table (id int)`);
    return (await client.query("SELECT 'owned'::regclass::oid AS owned, 'foreign_table'::regclass::oid AS other"))
      .rows[0] as {
      readonly owned: number;
      readonly other: number;
    };
  });
  owned = { tableOid: oids.owned };
  foreign = { tableOid: oids.other };
  control = new ControlConnection({ connectionString: server.url, applicationName: "test", connectTimeoutMs: 10_000 });
});

afterAll(async () => {
  await control.close();
  await withClient(server, (client) =>
    client.query(
      `DROP TABLE owned, foreign_table; DROP ROLE cache_clerk, cache_manager, cache_member, cache_owner, cache_stranger`,
    ),
  );
  await server.stop();
});

function permissions(cacheCommands: CacheCommandRoles, cacheRole?: string): CachePermissions {
  return new CachePermissions((sql) => control.query(sql), { cacheCommands, cacheRole });
}

function cacheOf(owner: string): Cache {
  return new Cache(1, {
    name: "c",
    text: "",
    queryId: "q",
    searchPath: [],
    owner,
    writeTo: null,
    mode: "auto",
    maxBytes: null,
  });
}

/** A cache that reads the table. */
function cacheOn(owner: string, table: { readonly tableOid: number }): Cache {
  const cache = cacheOf(owner);
  const tables = [{ ...table, schema: "public", name: "t", columns: [] }];
  const statement = {
    shapeKey: "",
    slots: [],
    parameterTypes: [],
    textInputs: [],
    result: [],
    enums: [],
    expiry: "never" as const,
    thresholds: [],
  };
  const plan = { ...statement, tables, guards: [], privileges: [], functions: [] };
  cache.setPlan({ mode: "invalidate", invalidation: { plan, reason: "" } });
  return cache;
}

const refused = { code: "42501" };

test("by default a cache is created by the owners of all its tables and by superusers", async () => {
  const rules = permissions("owners");
  for (const role of ["cache_owner", "cache_member", server.user]) await rules.assertMayCreate(role, [owned]);
  await rules.assertMayCreate(server.user, [owned, foreign]);
  await expect(rules.assertMayCreate("cache_stranger", [owned])).rejects.toMatchObject({
    ...refused,
    message: 'role "cache_stranger" may not create this cache',
    hint: expect.stringContaining("--cache-role"),
  });
  await expect(rules.assertMayCreate("cache_owner", [owned, foreign])).rejects.toMatchObject(refused);
  // A table that is gone is nobody's, and neither is a role.
  await expect(rules.assertMayCreate("cache_owner", [owned, { tableOid: 1 }])).rejects.toMatchObject(refused);
  await expect(rules.assertMayCreate("cache_gone", [owned])).rejects.toMatchObject(refused);
});

test("readers: whoever may read; superusers: nobody else", async () => {
  await permissions("readers").assertMayCreate("cache_stranger", [foreign]);
  await expect(permissions("superusers").assertMayCreate("cache_owner", [owned])).rejects.toMatchObject(refused);
  await permissions("superusers").assertMayCreate(server.user, [owned]);
});

test("members of the role that is named may create and drop all of them", async () => {
  const rules = permissions("superusers", "cache_manager");
  for (const role of ["cache_manager", "cache_clerk"]) {
    await rules.assertMayCreate(role, [foreign]);
    await rules.assertMayDrop(role, [cacheOf("cache_owner")]);
  }
  await expect(rules.assertMayCreate("cache_owner", [owned])).rejects.toMatchObject({
    ...refused,
    hint: 'Members of role "cache_manager" may.',
  });
  await expect(permissions("owners", "no such role").assertMayCreate("cache_stranger", [owned])).rejects.toMatchObject(
    refused,
  );
});

test("a cache is dropped by its creator, members of that role, the owners of its tables and superusers", async () => {
  const rules = permissions("owners");
  const mine = [cacheOf("cache_owner")];
  for (const role of ["cache_owner", "cache_member", server.user]) await rules.assertMayDrop(role, mine);
  await expect(rules.assertMayDrop("cache_stranger", mine)).rejects.toMatchObject({
    ...refused,
    message: "must be owner of cache c",
  });
  await rules.assertMayDrop("cache_owner", [cacheOn(server.user, owned)]);
  await expect(rules.assertMayDrop("cache_owner", [cacheOn(server.user, foreign)])).rejects.toMatchObject(refused);
  await expect(rules.assertMayDrop("cache_stranger", [cacheOf("gone")])).rejects.toMatchObject(refused);
  await rules.assertMayDrop(server.user, [cacheOf("gone")]);
  await expect(permissions("superusers").assertMayDrop("cache_owner", mine)).rejects.toMatchObject(refused);
});
