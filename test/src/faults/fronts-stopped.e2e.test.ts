import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { must } from "@freshet/base";
import { type PostgresServer, startPostgres } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { clientOfEach, coreAmong, processOf } from "./front-clients.ts";
import { TextClient, cachedRows, lastStatement, until } from "./support.ts";

const FRONTS = 2;
/** Longer than a front goes by what it knows, and than the core waits for it. */
const HELD_UP_MS = 9000;

let server: PostgresServer;
let upstream: TextClient;
let freshet: FreshetProcess;

beforeAll(async () => {
  server = await startPostgres();
  upstream = await TextClient.connect(server);
  await upstream.rows(`CREATE TABLE a (id int PRIMARY KEY, v int); INSERT INTO a VALUES (1, 1);
    CREATE ROLE reader LOGIN PASSWORD 'reader'; GRANT SELECT ON a TO reader`);
  // What is not told is remembered for long.
  const flags = ["--fronts", String(FRONTS), "--privilege-ttl-ms", "600000"];
  freshet = await FreshetProcess.start({ upstream: server, instance: "fronts_stopped", flags });
  await freshet.untilReady();
});
afterAll(async () => {
  await freshet.terminate();
  await freshet.remove();
  await upstream.end();
  await server.stop();
});

interface Both {
  readonly front: TextClient;
  readonly core: TextClient;
  readonly frontPid: number;
  readonly corePid: number;
}

/** A client of the front that is not the core, and one of the core. */
async function ofBoth(user?: string): Promise<Both> {
  const clients = await clientOfEach(freshet, FRONTS, user);
  const pids = await Promise.all(clients.map(processOf));
  const corePid = coreAmong(pids);
  const at = pids.indexOf(corePid);
  return { front: must(clients[1 - at]), core: must(clients[at]), frontPid: must(pids[1 - at]), corePid };
}

test("a privilege that is taken away behind Freshet's back is gone for the clients of all", async () => {
  const owners = await ofBoth();
  const readers = await ofBoth("reader");
  await owners.core.rows("CREATE CACHE a_id FROM SELECT id FROM a");
  for (const reader of [readers.core, readers.front])
    expect(await cachedRows(reader, "SELECT id FROM a")).toEqual([["1"]]);
  await upstream.rows("REVOKE SELECT ON a FROM reader");
  for (const reader of [readers.core, readers.front]) {
    await until("it is refused", () =>
      reader.rows("SELECT id FROM a").then(
        () => undefined,
        () => true,
      ),
    );
    await expect(reader.rows("SELECT id FROM a")).rejects.toThrow("permission denied");
  }
  await upstream.rows("GRANT SELECT ON a TO reader");
  for (const reader of [readers.core, readers.front])
    expect(await cachedRows(reader, "SELECT id FROM a")).toEqual([["1"]]);
  // Of this the stream tells which table it is about: other caches go on.
  await upstream.rows("ALTER TABLE a ENABLE ROW LEVEL SECURITY");
  for (const reader of [readers.core, readers.front]) {
    await until("no row is visible", async () =>
      (await reader.rows("SELECT id FROM a")).length === 0 ? true : undefined,
    );
    for (let again = 0; again < 5; again++) expect(await reader.rows("SELECT id FROM a")).toEqual([]);
  }
  await upstream.rows("ALTER TABLE a DISABLE ROW LEVEL SECURITY");
  for (const client of [owners.front, owners.core, readers.front, readers.core]) await client.end();
});

test("a front that was held up while the schema changed answers by what is so now", async () => {
  const owners = await ofBoth();
  const readers = await ofBoth("reader");
  await owners.core.rows("CREATE CACHE a_all FROM SELECT * FROM a");
  for (const client of [owners.front, readers.front])
    for (let i = 0; i < 4; i++) expect(await cachedRows(client, "SELECT * FROM a")).toEqual([["1", "1"]]);
  process.kill(owners.frontPid, "SIGSTOP");
  try {
    // The core's next update lies unread.
    await sleep(500);
    await upstream.rows("ALTER TABLE a ADD COLUMN w int DEFAULT 7; REVOKE SELECT ON a FROM reader");
    const asked = sleep(HELD_UP_MS - 500).then(() => {
      const rows = owners.front.rows("SELECT * FROM a");
      const refusals = readers.front.rows("SELECT * FROM a").then(
        () => "answered",
        () => "refused",
      );
      return { rows, refusals };
    });
    await until("the core answers anew from the cache", async () => {
      const rows = await cachedRows(owners.core, "SELECT * FROM a");
      return rows[0]?.length === 3 ? true : undefined;
    });
    const { rows, refusals } = await asked;
    await sleep(500);
    process.kill(owners.frontPid, "SIGCONT");
    expect(await rows).toEqual([["1", "1", "7"]]);
    expect(await refusals).toBe("refused");
    await freshet.untilReady();
    expect(await cachedRows(owners.front, "SELECT * FROM a")).toEqual([["1", "1", "7"]]);
  } finally {
    process.kill(owners.frontPid, "SIGCONT");
  }
  for (const client of [owners.front, owners.core, readers.front, readers.core]) await client.end();
});

test("a core that is held up is not gone by for long, and its fronts go on without it", async () => {
  await upstream.rows("CREATE TABLE b (id int PRIMARY KEY); INSERT INTO b VALUES (1)");
  const clients = await ofBoth();
  await clients.front.rows("CREATE CACHE b_sum FROM SELECT sum(id) FROM b");
  expect(await cachedRows(clients.front, "SELECT sum(id) FROM b")).toEqual([["1"]]);
  process.kill(clients.corePid, "SIGSTOP");
  try {
    await clients.front.rows("INSERT INTO b VALUES (2)");
    expect(await clients.front.rows("SELECT sum(id) FROM b")).toEqual([["3"]]);
    await sleep(2500);
    await upstream.rows("DROP TABLE b; CREATE TABLE b (id numeric PRIMARY KEY); INSERT INTO b VALUES (1.5)");
    expect(await clients.front.rows("SELECT sum(id) FROM b")).toEqual([["1.5"]]);
  } finally {
    process.kill(clients.corePid, "SIGCONT");
  }
  expect(await clients.front.rows("SELECT sum(id) FROM b")).toEqual([["1.5"]]);
  expect(await cachedRows(clients.front, "SELECT sum(id) FROM b")).toEqual([["1.5"]]);
  expect((await lastStatement(clients.front))["destination"]).toBe("cache");
  await clients.front.end();
  await clients.core.end();
});
