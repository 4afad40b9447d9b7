import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { freePort, startPostgres } from "@freshet/postgres";
import type { PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { adminStatus, barrier, cachedRows, cachesReady, missReason, TextClient, until, withText } from "./support.ts";

const query = "SELECT kind, count(*) AS n FROM things GROUP BY kind ORDER BY kind";
const instance = "outages";

const folder = mkdtempSync(path.join(tmpdir(), "freshet-outage-"));
chmodSync(folder, 0o755);
const dataDir = path.join(folder, "server");
let port = 0;
let server: PostgresServer;
let freshet: FreshetProcess;

/** The same data on the same port as before. */
function startServer(): Promise<PostgresServer> {
  return startPostgres({ dataDir, port, persistent: true });
}

beforeAll(async () => {
  port = await freePort();
  server = await startServer();
  await withText(server, (client) =>
    client.rows(
      "CREATE TABLE things (id int PRIMARY KEY, kind text); INSERT INTO things SELECT i, 'kind ' || i % 5 FROM generate_series(1, 500) i",
    ),
  );
  await server.stop();
});

afterAll(async () => {
  await freshet.remove();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function ready(): Promise<void> {
  await until("/readyz says 200", async () =>
    (await adminStatus(freshet.adminUrl, "/readyz")).status === 200 ? true : undefined,
  );
}

/** The cache answers, and says what the upstream says, also after one more write. */
async function expectEqual(): Promise<void> {
  await withText(server, async (upstream) => {
    await withText(freshet.connection, async (proxied) => {
      await cachesReady(proxied);
      await upstream.rows("INSERT INTO things SELECT max(id) + 1, 'kind ' || max(id) % 5 FROM things");
      await barrier(upstream, proxied);
      expect(await cachedRows(proxied, query)).toEqual(await upstream.rows(query));
    });
  });
}

/** How often tables were copied since the program was started. */
function copies(): number {
  return freshet.output.split('"msg":"cache is ready"').length - 1;
}

test("with the upstream down at start clients get PostgreSQL's FATAL, and everything comes up by itself", async () => {
  freshet = await FreshetProcess.start({ upstream: server, instance, flags: ["--reconnect-min-ms", "1500"] });
  for (let attempt = 0; attempt < 3; attempt++) {
    await expect(TextClient.connect(freshet.connection)).rejects.toMatchObject({
      severity: "FATAL",
      code: expect.stringMatching(/^08/),
      message: expect.stringContaining("upstream"),
    });
  }
  expect(await adminStatus(freshet.adminUrl, "/healthz")).toMatchObject({ status: 200 });
  expect(await adminStatus(freshet.adminUrl, "/readyz")).toMatchObject({ status: 503 });
  server = await startServer();
  await ready();
  await withText(freshet.connection, (proxied) => proxied.rows(`CREATE CACHE things FROM ${query}`));
  await expectEqual();
});

test("an upstream that stops and starts again: sessions end in its own words, then the caches go on", async () => {
  const before = copies();
  const session = await TextClient.connect(freshet.connection);
  await session.rows("SELECT 1");
  await server.stop();
  await until("the session is told", () => (session.ended ? true : undefined));
  await until("/readyz says 503", async () =>
    (await adminStatus(freshet.adminUrl, "/readyz")).status === 503 ? true : undefined,
  );
  await expect(TextClient.connect(freshet.connection)).rejects.toMatchObject({
    severity: "FATAL",
    code: expect.stringMatching(/^08/),
  });
  server = await startServer();
  await expectEqual();
  await ready();
  expect(copies()).toBe(before);
});

test("an upstream that crashes and recovers: the caches go on without a new snapshot", async () => {
  const before = copies();
  await withText(server, (client) => client.rows("UPDATE things SET kind = 'moved' WHERE id % 7 = 0"));
  const pid = Number(readFileSync(path.join(dataDir, "data/postmaster.pid"), "utf8").split("\n")[0]);
  process.kill(pid, "SIGQUIT");
  await server.stop();
  server = await startServer();
  await expectEqual();
  expect(copies()).toBe(before);
});

test("while the stream is down reads miss with replication_down, and hit again afterwards", async () => {
  const before = copies();
  await withText(server, async (upstream) => {
    await withText(freshet.connection, async (proxied) => {
      await upstream.rows("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots");
      const reasons = new Set<string>();
      await until("a read misses because of it", async () => {
        reasons.add(await missReason(proxied, query));
        await upstream.rows("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active");
        return reasons.has("replication_down") ? true : undefined;
      });
      expect([...reasons].filter((reason) => reason !== "hit")).toEqual(["replication_down"]);
    });
  });
  await expectEqual();
  expect(copies()).toBe(before);
});

test("a slot dropped while Freshet runs: the caches are built anew by themselves", async () => {
  const before = copies();
  await withText(server, async (upstream) => {
    await until("the slot could be dropped", async () => {
      await upstream.rows(
        `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '${instance}' AND active`,
      );
      try {
        await upstream.rows(`SELECT pg_drop_replication_slot('${instance}')`);
        return true;
      } catch {
        // It was taken again in between.
        return undefined;
      }
    });
    await upstream.rows("INSERT INTO things SELECT i, 'unseen' FROM generate_series(10000, 10010) i");
  });
  await until("a new snapshot was taken", () => (copies() > before ? true : undefined));
  await ready();
  await expectEqual();
});

test("a slot dropped while Freshet is down: the caches are built anew at the next start", async () => {
  await freshet.terminate();
  await withText(server, async (upstream) => {
    const slots = await upstream.rows("SELECT slot_name, active FROM pg_replication_slots");
    expect(slots).toEqual([[instance, "f"]]);
    await upstream.rows(`SELECT pg_drop_replication_slot('${instance}')`);
    await upstream.rows("DELETE FROM things WHERE kind = 'unseen'");
  });
  const before = copies();
  await freshet.launch();
  await ready();
  await expectEqual();
  expect(copies()).toBe(before + 1);
});

test("a statement that is under way when the upstream crashes ends with an error, not with a hang", async () => {
  const session = await TextClient.connect(freshet.connection);
  const outcome = session.rows("SELECT pg_sleep(600)").then(
    () => "answered",
    (error: unknown) => error,
  );
  await withText(server, (upstream) =>
    until("the statement runs", async () => {
      const running = await upstream.value(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%'",
      );
      return running === "1" ? true : undefined;
    }),
  );
  const pid = Number(readFileSync(path.join(dataDir, "data/postmaster.pid"), "utf8").split("\n")[0]);
  process.kill(pid, "SIGQUIT");
  expect(await outcome).toBeInstanceOf(Error);
  await server.stop();
  server = await startServer();
  await expectEqual();
});
