import { readdirSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { SeededRandom, environment, must, now, random } from "@freshet/base";
import { type PostgresServer, startPostgres } from "@freshet/postgres";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { childrenOf, clientOfEach, coreAmong, parentOf, processOf } from "./front-clients.ts";
import { TextClient, barrier, cachesReady, lastStatement, until, withText } from "./support.ts";

const FRONTS = 3;
const seconds = Number(environment()["FAULT_SECONDS"] ?? 20);
const seed = Number(environment()["FAULT_SEED"] ?? Math.floor(random() * 2 ** 31));

let server: PostgresServer;
let upstream: TextClient;
let freshet: FreshetProcess;

beforeAll(async () => {
  server = await startPostgres();
  upstream = await TextClient.connect(server);
  await upstream.rows(`CREATE ROLE reader LOGIN PASSWORD 'reader'; CREATE ROLE family; GRANT family TO reader;
    CREATE TABLE t (id int PRIMARY KEY, v int, g int); INSERT INTO t SELECT i, i, i % 3 FROM generate_series(1, 20) i;
    CREATE TABLE u (id int PRIMARY KEY, n text); INSERT INTO u VALUES (1, 'one');
    CREATE VIEW w AS SELECT id, v FROM t WHERE g = 1;
    CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
    GRANT SELECT ON t, w TO family; GRANT SELECT ON u TO reader`);
  // What the fronts are not told they would remember for long.
  const flags = ["--fronts", String(FRONTS), "--privilege-ttl-ms", "600000", "--client-login-timeout-ms", "600000"];
  freshet = await FreshetProcess.start({ upstream: server, instance: "fronts_stress", flags });
  await freshet.untilReady();
});
afterAll(async () => {
  await freshet.terminate();
  await freshet.remove();
  await upstream.end();
  await server.stop();
});

const QUERIES = [
  "SELECT * FROM t ORDER BY id",
  "SELECT g, sum(v) FROM t GROUP BY g ORDER BY g",
  "SELECT v FROM t WHERE id = 3",
  "SELECT * FROM w ORDER BY id",
  "SELECT id, f(v) FROM t WHERE v < 100 ORDER BY id",
  "SELECT * FROM u ORDER BY id",
  "SELECT max(v), random() < 2 FROM t",
];
const CACHES = [
  "c0 FROM SELECT * FROM t ORDER BY id",
  "c1 FROM SELECT g, sum(v) FROM t GROUP BY g ORDER BY g",
  "c2 WITH (max_bytes = '1MB') FROM SELECT v FROM t WHERE id = $1",
  "c3 FROM SELECT * FROM w ORDER BY id",
  "c4 FROM SELECT id, f(v) FROM t WHERE v < 100 ORDER BY id",
  "c5 WITH (mode = 'invalidate') FROM SELECT * FROM u ORDER BY id",
];

/** One change, of data or of what statements mean or of who may read; each leaves the queries valid for the owner. */
function change(among: SeededRandom): string {
  const id = among.integer(1, 40);
  const n = among.integer(0, 1000);
  return among.pick([
    `INSERT INTO t (id, v, g) VALUES (${id}, ${n}, ${id % 3}) ON CONFLICT (id) DO UPDATE SET v = ${n}`,
    `UPDATE t SET v = v + 1, g = (g + 1) % 3 WHERE id % 5 = ${id % 5}`,
    `DELETE FROM t WHERE id = ${id}`,
    `BEGIN; UPDATE u SET n = 'n${n}'; UPDATE t SET v = ${n} WHERE id = 3; COMMIT`,
    `TRUNCATE u; INSERT INTO u (id) VALUES (${id})`,
    `ALTER TABLE t ADD COLUMN IF NOT EXISTS x${id % 3} int DEFAULT ${n}`,
    `ALTER TABLE t DROP COLUMN IF EXISTS x${id % 3}`,
    `CREATE OR REPLACE VIEW w AS SELECT id, v FROM t WHERE g = ${id % 3}`,
    `CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + ${n}'`,
    `BEGIN; DROP TABLE u; CREATE TABLE u (id int PRIMARY KEY, n text DEFAULT 'd${n}'); INSERT INTO u (id) VALUES (${n}); COMMIT`,
    `REVOKE SELECT ON t, w FROM family`,
    `GRANT SELECT ON t, w TO family`,
    `GRANT SELECT ON u TO reader`,
    `REVOKE SELECT ON u FROM reader`,
  ]);
}

/** The rows, or the SQLSTATE. */
async function outcome(client: TextClient, query: string): Promise<unknown> {
  try {
    return await client.rows(query);
  } catch (thrown) {
    if (thrown instanceof pg.DatabaseError) return thrown.code;
    throw thrown;
  }
}

test(`whatever changes through any front or past all of them, each front answers as PostgreSQL does (seed ${seed})`, async () => {
  const among = new SeededRandom(seed);
  const owners = await clientOfEach(freshet, FRONTS);
  const readers = await clientOfEach(freshet, FRONTS, "reader");
  const truth = await TextClient.connect({ ...server, user: "reader", password: "reader" });
  for (const cache of CACHES) await must(owners[0]).rows(`CREATE CACHE ${cache}`);
  const deadline = now() + seconds * 1000;
  let hits = 0;
  for (let step = 0; now() < deadline; step++) {
    const statement = change(among);
    const through = among.chance(0.7) ? among.pick(owners) : upstream;
    await through.rows(statement);
    const query = among.pick(QUERIES);
    const what = `step ${step}: ${query} behind ${statement}`;
    const asked = async (client: TextClient): Promise<unknown> => ({ what, outcome: await outcome(client, query) });
    if (through !== upstream) expect(await asked(through)).toEqual(await asked(upstream));
    await barrier(upstream, through === upstream ? among.pick(owners) : through);
    if (among.chance(0.2)) await cachesReady(must(owners[0]));
    for (const [clients, oracle] of [[owners, upstream] as const, [readers, truth] as const]) {
      const expected = await asked(oracle);
      for (const client of clients)
        for (let again = 0; again < 2; again++) expect(await asked(client)).toEqual(expected);
    }
    const last = await lastStatement(among.pick(owners));
    if (last["destination"] === "cache") hits++;
    if (among.chance(0.1)) {
      const cache = among.pick(CACHES);
      await among.pick(owners).rows(`DROP CACHE ${must(cache.split(" ")[0])}`);
      await among.pick(owners).rows(`CREATE CACHE ${cache}`);
    }
  }
  expect(hits).toBeGreaterThan(0);
  for (const client of [...owners, ...readers, truth]) await client.end();
});

test("fronts and cores are killed all the time: no client hangs, and nothing stays open behind it", async () => {
  const supervisor = parentOf(await withText(freshet.connection, processOf));
  const before = openFiles(supervisor);
  let going = true;
  let served = 0;
  let lost = 0;
  const visits = async (): Promise<void> => {
    while (going) {
      try {
        await withText(freshet.connection, (client) => client.rows("SELECT 1"));
        served++;
      } catch {
        lost++;
      }
    }
  };
  const visitors = Array.from({ length: 6 }, visits);
  const deadline = now() + (seconds * 1000) / 2;
  for (let round = 0; now() < deadline; round++) {
    await sleep(300);
    const pids = childrenOf(supervisor);
    const core = coreAmong(pids);
    const victims = round % 10 === 9 ? pids : pids.filter((pid) => pid !== core);
    const victim = victims[round % Math.max(1, victims.length)];
    if (victim !== undefined) process.kill(victim, "SIGKILL");
  }
  const then = served;
  await until("clients are served again", () => (served > then + 50 ? true : undefined));
  going = false;
  // A client that was forgotten would be waited for in vain.
  await Promise.all(visitors);
  expect(lost).toBeLessThan(served);
  await freshet.untilReady();
  await until("the supervisor holds no connection", () => (openFiles(supervisor) <= before + 2 ? true : undefined));
});

function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
