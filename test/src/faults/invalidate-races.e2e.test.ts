import { setTimeout as sleep } from "node:timers/promises";
import { must, now } from "@freshet/base";
import { startPostgres } from "@freshet/postgres";
import type { PostgresServer } from "@freshet/postgres";
import { parseLsn } from "@freshet/values";
import type { Lsn } from "@freshet/values";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { untilReady } from "./replicating.ts";
import { barrier, cachedRows, lastStatement, TextClient } from "./support.ts";

const WRITERS = 4;
/** Of each writer at least: it goes on, more slowly, until enough answers have come from caches. */
const TRANSACTIONS = 120;
const ENOUGH_HITS = 20;
/** For a machine so busy that a kept answer is dropped before anybody asks again. */
const PATIENCE_MS = 60_000;

let server: PostgresServer;
let upstream: TextClient;
let freshet: FreshetProcess;

beforeAll(async () => {
  server = await startPostgres();
  upstream = await TextClient.connect(server);
  freshet = await FreshetProcess.start({ upstream: server, instance: "races" });
  await untilReady(freshet);
});

afterAll(async () => {
  await upstream.end();
  await freshet.remove();
  await server.stop();
});

/** Numbers in a fixed sequence, so that a failure comes again. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** One writer's commits: its commit record lies between these positions. */
interface Written {
  readonly before: Lsn;
  readonly after: Lsn;
}

async function position(client: TextClient): Promise<Lsn> {
  return must(parseLsn(must(await client.value("SELECT pg_current_wal_insert_lsn()"))));
}

/** Counts its row up, in transactions that run for a while, roll parts back, or move something between the tables. */
async function write(writer: number, history: Written[], isEnough: () => boolean): Promise<void> {
  const client = await TextClient.connect(server);
  const random = sequence(writer + 1);
  try {
    await client.rows(`SET synchronous_commit TO ${writer % 2 === 0 ? "on" : "off"}`);
    for (let n = 1; n <= TRANSACTIONS || !isEnough(); n++) {
      await client.rows("BEGIN");
      await client.rows(`UPDATE counters SET n = ${n} WHERE writer = ${writer}`);
      if (random() < 0.3) {
        await client.rows(`SAVEPOINT s; UPDATE counters SET n = -1 WHERE writer = ${writer}; ROLLBACK TO s`);
      }
      const amount = Math.floor(random() * 100);
      await client.rows(`UPDATE debits SET amount = amount + ${amount} WHERE id = ${writer}`);
      if (random() < 0.5) await sleep(random() * 15);
      await client.rows(`UPDATE credits SET amount = amount - ${amount} WHERE id = ${writer}`);
      const before = await position(client);
      await client.rows("COMMIT");
      history.push({ before, after: await position(client) });
      if (random() < 0.7) await sleep(random() * (n <= TRANSACTIONS ? 30 : 200));
    }
  } finally {
    await client.end();
  }
}

/** What an answer as of `lsn` must show of a writer: no less than was surely committed before, and nothing later. */
function boundsAt(history: readonly Written[], lsn: Lsn): readonly [least: number, most: number] {
  const committed = history.filter(({ after }) => after <= lsn).length;
  const begun = history.findIndex(({ before }) => before >= lsn);
  return [committed, begun < 0 ? history.length : begun];
}

test("answers that are read while many transactions commit are those of their LSN", async () => {
  await upstream.rows(`
    CREATE TABLE counters (writer int PRIMARY KEY, n int);
    CREATE TABLE debits (id int PRIMARY KEY, amount int);
    CREATE TABLE credits (id int PRIMARY KEY, amount int);
    INSERT INTO counters SELECT i, 0 FROM generate_series(0, ${WRITERS - 1}) i;
    INSERT INTO debits SELECT i, 0 FROM generate_series(0, ${WRITERS - 1}) i;
    INSERT INTO credits SELECT i, 0 FROM generate_series(0, ${WRITERS - 1}) i;
  `);
  const counted = "SELECT n, writer FROM counters WHERE writer = $1 OR writer <> $2 ORDER BY writer";
  const single = "SELECT n FROM counters WHERE writer = $1";
  const balance =
    "SELECT (SELECT sum(amount) FROM debits) + (SELECT sum(amount) FROM credits), to_char(0, '9') WHERE $1 <> 2";
  const proxied = await TextClient.connect(freshet.connection);
  for (const query of [counted, single, balance])
    await proxied.rows(`CREATE CACHE WITH (mode = 'invalidate') FROM ${query}`);
  const histories: Written[][] = Array.from({ length: WRITERS }, () => []);
  const observed: { readonly lsn: Lsn; readonly writer: number; readonly n: number }[] = [];
  const wrongBalances: string[] = [];
  let hits = 0;
  let misses = 0;
  let writing = true;
  const deadline = now() + PATIENCE_MS;
  const isEnough = (): boolean => (hits > ENOUGH_HITS && misses > ENOUGH_HITS) || now() > deadline;
  const writers = Promise.all(histories.map((history, writer) => write(writer, history, isEnough))).finally(() => {
    writing = false;
  });
  const read = async (reader: number): Promise<void> => {
    const client = await TextClient.connect(freshet.connection);
    const random = sequence(100 + reader);
    while (writing) {
      const chosen = Math.floor(random() * 6);
      const writer = Math.floor(random() * WRITERS);
      const [text, values] = chosen === 0 ? [balance, [1]] : chosen < 3 ? [counted, [-1, -2]] : [single, [writer]];
      const rows = await client.rows(text, values);
      if (text === balance && rows[0]?.[0] !== "0") wrongBalances.push(String(rows[0]?.[0]));
      const last = await lastStatement(client);
      if (last["destination"] !== "cache") {
        misses++;
        continue;
      }
      hits++;
      const lsn = must(parseLsn(must(last["lsn"])));
      if (text === single) observed.push({ lsn, writer, n: Number(rows[0]?.[0]) });
      if (text === counted) for (const [n, of] of rows) observed.push({ lsn, writer: Number(of), n: Number(n) });
    }
    await client.end();
  };
  await Promise.all([writers, ...Array.from({ length: 3 }, (_unused, reader) => read(reader))]);
  const wrong = observed.filter(({ lsn, writer, n }) => {
    const [least, most] = boundsAt(must(histories[writer]), lsn);
    return n < least || n > most;
  });
  expect(wrong).toEqual([]);
  expect(wrongBalances).toEqual([]);
  expect(hits).toBeGreaterThan(ENOUGH_HITS);
  expect(misses).toBeGreaterThan(ENOUGH_HITS);
  expect(observed.length).toBeGreaterThan(ENOUGH_HITS);
  await barrier(upstream, proxied);
  expect(await cachedRows(proxied, counted, [-1, -2])).toEqual(await upstream.rows(counted, [-1, -2]));
  await proxied.end();
});
