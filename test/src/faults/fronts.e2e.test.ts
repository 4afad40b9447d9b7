import process from "node:process";
import { isDeepStrictEqual } from "node:util";
import { must } from "@freshet/base";
import { type PostgresServer, startPostgres } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { clientOfEach, processOf } from "./front-clients.ts";
import {
  type Rows,
  TextClient,
  adminStatus,
  barrier,
  cacheNamed,
  cachedRows,
  cachesReady,
  lastStatement,
  missReason,
  until,
  withText,
} from "./support.ts";

const FRONTS = 3;

let server: PostgresServer;
let upstream: TextClient;
let freshet: FreshetProcess;

beforeAll(async () => {
  server = await startPostgres();
  upstream = await TextClient.connect(server);
  freshet = await FreshetProcess.start({ upstream: server, instance: "fronts", flags: ["--fronts", String(FRONTS)] });
  await freshet.untilReady();
});
afterAll(async () => {
  await freshet.terminate();
  await freshet.remove();
  await upstream.end();
  await server.stop();
});

/** How many times the program has said so. */
function said(text: string): number {
  return freshet.output.split(text).length - 1;
}

const onePerFront = (user?: string): Promise<readonly TextClient[]> => clientOfEach(freshet, FRONTS, user);

async function withFronts(
  body: (clients: readonly [TextClient, TextClient, TextClient]) => Promise<void>,
): Promise<void> {
  const clients = await onePerFront();
  const [first, second, third] = clients;
  try {
    await body([must(first), must(second), must(third)]);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

/** Others see it within the time that the news takes; from then on always. */
async function seen(client: TextClient, query: string, rows: Rows): Promise<void> {
  const isSeen = async (): Promise<boolean> => isDeepStrictEqual(await client.rows(query), rows);
  await until("it is seen", async () => ((await isSeen()) ? true : undefined));
  for (let i = 0; i < 20; i++) expect(await client.rows(query)).toEqual(rows);
}

test("a cache that one front's client makes answers the clients of all, in each mode, and their writes are seen", async () => {
  await upstream.rows(
    "CREATE TABLE a (id int PRIMARY KEY, v int); INSERT INTO a SELECT i, i FROM generate_series(1, 100) i",
  );
  await withFronts(async (clients) => {
    const [first, second, third] = clients;
    await second.rows("CREATE CACHE a_sum FROM SELECT sum(v) FROM a");
    for (const client of clients) expect(await cachedRows(client, "SELECT sum(v) FROM a")).toEqual([["5050"]]);
    await first.rows("CREATE CACHE a_part WITH (max_bytes = '1MB') FROM SELECT id, v FROM a WHERE id = $1");
    for (const client of clients)
      await until("the key is filled", async () => {
        expect(await client.rows("SELECT id, v FROM a WHERE id = 7")).toEqual([["7", "7"]]);
        return (await lastStatement(client))["destination"] === "cache" ? true : undefined;
      });
    await third.rows("CREATE CACHE a_inv WITH (mode = 'invalidate') FROM SELECT max(v), min(v) FROM a");
    for (const client of clients)
      await until("the answer is there", async () => {
        expect(await client.rows("SELECT max(v), min(v) FROM a")).toEqual([["100", "1"]]);
        return (await lastStatement(client))["destination"] === "cache" ? true : undefined;
      });
    for (const [index, client] of clients.entries()) {
      await client.rows(`UPDATE a SET v = ${1000 + index} WHERE id = 100`);
      // Each session sees what it wrote, from the caches or not; the caches follow.
      expect(await client.rows("SELECT sum(v) FROM a")).toEqual([[String(4950 + 1000 + index)]]);
      expect(await client.rows("SELECT max(v), min(v) FROM a")).toEqual([[String(1000 + index), "1"]]);
    }
    await barrier(upstream, first);
    for (const client of clients) expect(await cachedRows(client, "SELECT sum(v) FROM a")).toEqual([["5952"]]);
    await first.rows("DROP CACHE a_inv");
    for (const client of clients) expect(await missReason(client, "SELECT max(v), min(v) FROM a")).toBe("no_cache");
  });
});

test("what all fronts have counted is told together", async () => {
  await upstream.rows("CREATE TABLE b (id int PRIMARY KEY, v int); INSERT INTO b VALUES (1, 1)");
  await withFronts(async (clients) => {
    await clients[0].rows("CREATE CACHE b_all FROM SELECT v FROM b");
    for (const client of clients) for (let i = 0; i < 5; i++) await cachedRows(client, "SELECT v FROM b");
    for (const client of clients) await client.rows("SELECT count(*) + 77 FROM b");
    const cache = await cacheNamed(clients[1], "b_all");
    expect(Number(cache?.["hits"])).toBeGreaterThanOrEqual(15);
    const proxied = await clients[2].rows("SHOW PROXIED QUERIES");
    const counts = proxied.filter(([, query]) => query?.includes("count(*) +") === true).map((row) => row[2]);
    expect(counts).toEqual(["3"]);
    const metrics = await adminStatus(freshet.adminUrl, "/metrics");
    const counted = /^freshet_hits_total\{cache="b_all"\} (\d+)$/m.exec(metrics.body);
    expect(Number(counted?.[1])).toBeGreaterThanOrEqual(15);
    const connected = /^freshet_clients (\d+)$/m.exec(metrics.body);
    expect(Number(connected?.[1])).toBeGreaterThanOrEqual(FRONTS);
    const status = new Map((await clients[0].rows("SHOW FRESHET STATUS")).map(([name, value]) => [name, value]));
    expect(status.get("fronts")).toBe(String(FRONTS));
    expect(Number(status.get("clients"))).toBeGreaterThanOrEqual(FRONTS);
  });
});

test("a schema change by one front's client is seen by itself at once, and by the clients of all soon and for good", async () => {
  await upstream.rows("CREATE TABLE c (id int PRIMARY KEY, v int); INSERT INTO c VALUES (1, 1)");
  await withFronts(async (clients) => {
    await clients[0].rows("CREATE CACHE c_all FROM SELECT * FROM c");
    for (const client of clients) expect(await cachedRows(client, "SELECT * FROM c")).toEqual([["1", "1"]]);
    const expected = ["1", "1"];
    for (const [index, client] of clients.entries()) {
      await client.rows(`ALTER TABLE c ADD COLUMN w${index} int DEFAULT ${index}`);
      expected.push(String(index));
      expect(await client.rows("SELECT * FROM c")).toEqual([expected]);
      for (const other of clients) await seen(other, "SELECT * FROM c", [expected]);
    }
    await cachesReady(clients[0]);
    for (const client of clients) expect(await cachedRows(client, "SELECT * FROM c")).toEqual([expected]);
  });
});

test("a privilege that one front's client takes away is gone for the clients of all", async () => {
  await upstream.rows(`CREATE TABLE d (id int PRIMARY KEY); INSERT INTO d VALUES (1);
    CREATE ROLE reader LOGIN PASSWORD 'reader'; GRANT SELECT ON d TO reader`);
  const readers = await onePerFront("reader");
  await withFronts(async (owners) => {
    await owners[0].rows("CREATE CACHE d_all FROM SELECT id FROM d");
    for (const reader of readers) expect(await cachedRows(reader, "SELECT id FROM d")).toEqual([["1"]]);
    await owners[1].rows("REVOKE SELECT ON d FROM reader");
    for (const reader of readers) {
      await until("it is refused", () =>
        reader.rows("SELECT id FROM d").then(
          () => undefined,
          () => true,
        ),
      );
      await expect(reader.rows("SELECT id FROM d")).rejects.toThrow("permission denied");
    }
  });
  await Promise.all(readers.map((reader) => reader.end()));
});

test("a front that dies is replaced beside the others; a core that dies, with all of them", async () => {
  await upstream.rows("CREATE TABLE e (id int PRIMARY KEY); INSERT INTO e VALUES (1)");
  const clients = await onePerFront();
  const pids = await Promise.all(clients.map(processOf));
  await must(clients[0]).rows("CREATE CACHE e_all FROM SELECT id FROM e");
  const crashes = said("has crashed");
  for (const pid of pids.slice(0, 2)) process.kill(pid, "SIGKILL");
  await until("the supervisor has seen it", () => (said("has crashed") > crashes ? true : undefined));
  await freshet.untilReady();
  await withFronts(async (anew) => {
    const now = await Promise.all(anew.map(processOf));
    for (const pid of pids.slice(0, 2)) expect(now).not.toContain(pid);
    await cachesReady(anew[0]);
    await upstream.rows("INSERT INTO e VALUES (2)");
    await barrier(upstream, anew[0]);
    for (const client of anew) expect(await cachedRows(client, "SELECT id FROM e")).toEqual([["1"], ["2"]]);
  });
  await Promise.all(clients.filter(({ ended }) => !ended).map((client) => client.end()));
});

test("clients that come and go while all processes are replaced see no error", async () => {
  await upstream.rows("CREATE TABLE f (id int PRIMARY KEY, v int); INSERT INTO f VALUES (1, 0)");
  await withText(freshet.connection, (client) => client.rows("CREATE CACHE f_sum FROM SELECT sum(v) FROM f"));
  let going = true;
  let served = 0;
  const visitor = async (): Promise<void> => {
    while (going) {
      await withText(freshet.connection, async (client) => {
        for (let i = 0; i < 5; i++)
          expect(Number(await client.value("SELECT sum(v) FROM f"))).toBeGreaterThanOrEqual(0);
      });
      served++;
    }
  };
  let written = 0;
  const resident = async (): Promise<void> => {
    await withText(freshet.connection, async (client) => {
      while (going) {
        await client.rows("UPDATE f SET v = v + 1 WHERE id = 1");
        written++;
        expect(await client.value("SELECT sum(v) FROM f")).toBe(String(written));
      }
    });
  };
  const clients = [visitor(), visitor(), resident()];
  const before = said("a new process serves clients");
  freshet.signal("SIGUSR2");
  await until("new processes serve", () => (said("a new process serves clients") > before ? true : undefined));
  const then = served;
  await until("clients are served by the new processes", () => (served > then + 20 ? true : undefined));
  going = false;
  await Promise.all(clients);
  await withFronts(async (anew) => {
    await cachesReady(anew[0]);
    await barrier(upstream, anew[0]);
    for (const client of anew) expect(await cachedRows(client, "SELECT sum(v) FROM f")).toEqual([[String(written)]]);
  });
});
