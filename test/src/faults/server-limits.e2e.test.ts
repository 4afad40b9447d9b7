import { spawnSync } from "node:child_process";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { startPostgres } from "@freshet/postgres";
import type { Connection, PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { untilReady } from "./replicating.ts";
import { adminStatus, barrier, cachedRows, lastStatement, missReason, TextClient, until, withText } from "./support.ts";

const program = fileURLToPath(new URL("../../../proxy/bin/freshet.js", import.meta.url));

function doctor(url: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, "doctor", "--upstream", url], {
    encoding: "utf8",
    cwd: path.dirname(program),
  });
  return { status, output: stdout + stderr };
}

/** The server's URL for a role whose password is its name. */
function urlFor(server: PostgresServer, role: string): string {
  const url = new URL(server.url);
  url.username = role;
  url.password = role;
  return url.href;
}

describe("a server with wal_level = replica", () => {
  let server: PostgresServer;
  let freshet: FreshetProcess;

  beforeAll(async () => {
    server = await startPostgres({ settings: { wal_level: "replica" } });
    freshet = await FreshetProcess.start({ upstream: server, instance: "replica" });
  });

  afterAll(async () => {
    await freshet.remove();
    await server.stop();
  });

  test("statements are passed through, CREATE CACHE is refused with the reason, doctor says how to mend it", async () => {
    await withText(freshet.connection, async (proxied) => {
      await proxied.rows("CREATE TABLE plain (id int PRIMARY KEY); INSERT INTO plain VALUES (1), (2)");
      expect(await proxied.rows("SELECT id FROM plain ORDER BY id")).toEqual([["1"], ["2"]]);
      const error = await until("the reason is known", async () => {
        const refused = await proxied.error("CREATE CACHE plain FROM SELECT id FROM plain");
        return refused.message.includes("wal_level") ? refused : undefined;
      });
      expect(error).toMatchObject({ code: "55000", message: 'wal_level of the upstream is "replica"' });
      expect(error.hint).toContain("ALTER SYSTEM SET wal_level = logical");
      expect(await proxied.rows("SELECT id FROM plain WHERE id = 1")).toEqual([["1"]]);
    });
    const { status, body } = await adminStatus(freshet.adminUrl, "/readyz");
    expect([status, body]).toEqual([503, expect.stringContaining("wal_level")]);
    const found = doctor(server.url);
    expect(found.status).toBe(1);
    expect(found.output).toMatch(
      /WRONG +wal_level: replica\n +ALTER SYSTEM SET wal_level = logical; then restart PostgreSQL\./,
    );
  });
});

describe("roles and tables", () => {
  let server: PostgresServer;
  let upstream: TextClient;
  let freshet: FreshetProcess;

  beforeAll(async () => {
    server = await startPostgres();
    upstream = await TextClient.connect(server);
    await upstream.rows(`
      CREATE ROLE reader LOGIN PASSWORD 'reader';
      CREATE ROLE follower LOGIN PASSWORD 'follower' REPLICATION;
      CREATE ROLE ordinary LOGIN PASSWORD 'ordinary';
      GRANT CREATE ON DATABASE postgres TO follower, ordinary;
      CREATE TABLE secrets (id int PRIMARY KEY, word text, hidden text);
      CREATE TABLE guarded (id int PRIMARY KEY, owner text);
      ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
      CREATE POLICY own ON guarded USING (owner = current_user);
      GRANT SELECT ON guarded TO reader;
      CREATE TABLE keyless (id int, word text);
      INSERT INTO secrets SELECT i, 'word ' || i, 'hidden' FROM generate_series(1, 5) i;
      INSERT INTO guarded VALUES (1, 'reader'), (2, 'postgres');
      INSERT INTO keyless VALUES (1, 'one'), (2, 'two');
    `);
    freshet = await FreshetProcess.start({ upstream: server, instance: "roles", flags: ["--privilege-ttl-ms", "200"] });
    await untilReady(freshet);
  });

  afterAll(async () => {
    await upstream.end();
    await freshet.remove();
    await server.stop();
  });

  function through(role: string): Connection {
    return { ...freshet.connection, user: role, password: role };
  }

  test("a role gets from the cache what PostgreSQL would give it; GRANT and REVOKE are followed", async () => {
    const query = "SELECT word FROM secrets WHERE id = 3";
    await withText(freshet.connection, (proxied) => proxied.rows(`CREATE CACHE secrets FROM ${query}`));
    await withText(through("reader"), async (reader) => {
      expect(await reader.error(query)).toMatchObject({
        code: "42501",
        message: "permission denied for table secrets",
      });
      expect(await lastStatement(reader)).toMatchObject({ destination: "upstream", reason: "privilege" });
      await upstream.rows("GRANT SELECT (id, word) ON secrets TO reader");
      expect(
        await until("the grant is followed", async () => {
          const rows = await reader.rows(query);
          return (await lastStatement(reader))["destination"] === "cache" ? rows : undefined;
        }),
      ).toEqual([["word 3"]]);
      await upstream.rows("REVOKE SELECT (id, word) ON secrets FROM reader");
      const refused = await until("the revocation is followed", async () => {
        try {
          await reader.rows(query);
          return undefined;
        } catch (error) {
          return error;
        }
      });
      expect(refused).toMatchObject({ code: "42501" });
    });
  });

  test("a role without the privileges cannot create the cache either", async () => {
    await withText(through("reader"), async (reader) => {
      const error = await reader.error("CREATE CACHE stolen FROM SELECT hidden FROM secrets");
      expect(error).toMatchObject({ code: "42501" });
      expect(await reader.rows("SELECT 1")).toEqual([["1"]]);
      expect(await reader.rows("SHOW CACHES")).toHaveLength(1);
    });
  });

  test("row-level security is left to PostgreSQL for the roles that it binds", async () => {
    const query = "SELECT id FROM guarded ORDER BY id";
    await withText(freshet.connection, async (proxied) => {
      await proxied.rows(`CREATE CACHE guarded FROM ${query}`);
      expect(await cachedRows(proxied, query)).toEqual([["1"], ["2"]]);
    });
    await withText(through("reader"), async (reader) => {
      expect(await reader.rows(query)).toEqual([["1"]]);
      expect(await lastStatement(reader)).toMatchObject({ destination: "upstream", reason: "row_level_security" });
    });
  });

  test("a table without a key is refused with the statement that helps, and can still be updated", async () => {
    const query = "SELECT word FROM keyless WHERE id = 1";
    await withText(freshet.connection, async (proxied) => {
      const error = await proxied.error(`CREATE CACHE keyless FROM ${query}`);
      expect(error).toMatchObject({ code: "55000", message: 'table "public.keyless" has no usable replica identity' });
      expect(error.hint).toContain('ALTER TABLE "public"."keyless" REPLICA IDENTITY FULL;');
      await proxied.rows("UPDATE keyless SET word = 'uno' WHERE id = 1");
      await upstream.rows("DELETE FROM keyless WHERE id = 2");
      expect(await proxied.rows(query)).toEqual([["uno"]]);
      expect(await proxied.rows("SHOW CACHES")).toHaveLength(2);
    });
  });

  test("with --set-replica-identity the same cache is created", async () => {
    const willing = await FreshetProcess.start({
      upstream: server,
      instance: "willing",
      flags: ["--set-replica-identity"],
    });
    try {
      await untilReady(willing);
      await withText(willing.connection, async (proxied) => {
        await proxied.rows("CREATE CACHE keyless FROM SELECT word FROM keyless WHERE id = 1");
        await upstream.rows("UPDATE keyless SET word = 'eins' WHERE id = 1");
        await barrier(upstream, proxied);
        expect(await cachedRows(proxied, "SELECT word FROM keyless WHERE id = 1")).toEqual([["eins"]]);
      });
      await willing.terminate();
    } finally {
      await willing.remove();
    }
  });

  test("a role that is neither superuser nor owner: the reason names what is missing", async () => {
    const url = urlFor(server, "follower");
    await upstream.rows("GRANT SELECT ON secrets TO follower");
    const limited = await FreshetProcess.start({
      upstream: { ...server, user: "follower", password: "follower", url },
      instance: "limited",
      flags: ["--cache-commands", "readers"],
    });
    try {
      await untilReady(limited);
      await withText(limited.connection, async (proxied) => {
        const error = await proxied.error("CREATE CACHE theirs FROM SELECT word FROM secrets WHERE id = 1");
        expect(error.code).toBe("42501");
        expect(error.hint).toContain("ALTER PUBLICATION");
        await proxied.rows(
          "CREATE SCHEMA own; CREATE TABLE own.notes (id int PRIMARY KEY, note text); INSERT INTO own.notes VALUES (1, 'mine')",
        );
        await proxied.rows("CREATE CACHE own_notes FROM SELECT note FROM own.notes WHERE id = 1");
        await proxied.rows("UPDATE own.notes SET note = 'still mine'");
        expect(await cachedRows(proxied, "SELECT note FROM own.notes WHERE id = 1")).toEqual([["still mine"]]);
      });
      const found = doctor(url);
      expect(found.status).toBe(0);
      expect(found.output).toContain("no (an event trigger needs a superuser)");
      expect(found.output).toContain("tables are owned by the role: not ");
      await limited.terminate();
    } finally {
      await limited.remove();
    }
  });

  test("a role that may not replicate: statements pass, CREATE CACHE and doctor say what to grant", async () => {
    const url = urlFor(server, "ordinary");
    const limited = await FreshetProcess.start({
      upstream: { ...server, user: "ordinary", password: "ordinary", url },
      instance: "ordinary",
    });
    try {
      await withText(limited.connection, async (proxied) => {
        expect(await missReason(proxied, "SELECT 1")).toBe("no_cache");
        const error = await until("the reason is known", async () => {
          const refused = await proxied.error("CREATE CACHE one FROM SELECT 1");
          return refused.code === "57P03" ? undefined : refused;
        });
        expect(error.code).toBe("42501");
        expect(error.hint).toContain("REPLICATION");
      });
      const found = doctor(url);
      expect(found.status).toBe(1);
      expect(found.output).toContain('ALTER ROLE "ordinary" REPLICATION;');
      await limited.terminate();
    } finally {
      await limited.remove();
    }
  });
});
