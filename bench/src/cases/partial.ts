import { SeededRandom, must, now } from "@freshet/base";
import type { Bench } from "../bench.ts";
import type { Shop } from "../data/tables.ts";
import { Zipf } from "../data/zipf.ts";
import type { SqlClient } from "../system/sql-client.ts";

export interface PartialRun {
  /** The bound, as a share of what the complete view takes. */
  readonly share: number;
  readonly maxBytes: number;
  /** Of the reads after the warm-up. */
  readonly hitRate: number;
  /** What a cache that always held the most frequent keys that fit would reach. */
  readonly idealHitRate: number;
  /** Reads of the bounded cache for each key that was evicted. */
  readonly evictionsPerRead: number;
  readonly readsPerSecond: number;
}

export interface PartialResult {
  readonly keys: number;
  readonly exponent: number;
  readonly completeBytes: number;
  readonly runs: readonly PartialRun[];
}

const CACHE = "bench_partial";
const SHARES = [0.01, 0.05, 0.2, 0.5] as const;
/** Of the warm-up, and of the reads that are measured: whichever comes first. */
const MOST_MS = 20_000;
const LEAST_READS = 500;
/** YCSB's. */
const EXPONENT = 0.99;

function ordersOfCustomer({ schema }: Shop): string {
  return (
    `SELECT o.id, i.id AS item, i.quantity, i.price FROM ${schema}.orders o ` +
    `JOIN ${schema}.items i ON i.order_id = o.id WHERE o.customer_id = $1`
  );
}

/** Reads of one customer's items, by customers of whom some are asked for much more than others, through caches of several bounds. */
export async function measurePartial(bench: Bench): Promise<PartialResult> {
  const shop = bench.smallShop;
  await bench.cachedShop(shop);
  const keys = Number(await bench.upstream.sql.value(`SELECT count(*) FROM ${shop.schema}.customers`));
  const query = ordersOfCustomer(shop);
  bench.log(`partial: ${keys} keys ...`);
  await bench.createCache(CACHE, query);
  const completeBytes = await cacheBytes(bench);
  await bench.dropCache(CACHE);
  const runs: PartialRun[] = [];
  for (const share of SHARES) {
    bench.log(`partial: ${share * 100} % of ${completeBytes} bytes ...`);
    runs.push(await measureShare(bench, query, { share, keys, completeBytes }));
  }
  return { keys, exponent: EXPONENT, completeBytes, runs };
}

async function measureShare(
  bench: Bench,
  query: string,
  { share, keys, completeBytes }: { readonly share: number; readonly keys: number; readonly completeBytes: number },
): Promise<PartialRun> {
  const maxBytes = Math.max(4096, Math.ceil(completeBytes * share));
  const sql = await bench.freshet.sql();
  await sql.run(`CREATE CACHE ${CACHE} WITH (mode = 'incremental', max_bytes = '${maxBytes}') FROM ${query}`);
  const zipf = new Zipf(keys, EXPONENT, new SeededRandom(1));
  const most = bench.options.quick ? 500 : 20_000;
  // A small bound's misses run upstream, some milliseconds each.
  const read = async (): Promise<number> => {
    const deadline = now() + MOST_MS;
    let done = 0;
    for (; done < most && (done < LEAST_READS || now() < deadline); done++)
      await sql.rows(query, [String(1 + spread(zipf.next(), keys))]);
    return done;
  };
  await read();
  await expectExact(bench, sql, query, keys);
  const [before, evictedBefore, started] = [await bench.counters(CACHE), await evicted(sql), now()];
  const reads = await read();
  const [after, evictedAfter, seconds] = [await bench.counters(CACHE), await evicted(sql), (now() - started) / 1000];
  await bench.dropCache(CACHE);
  return {
    share,
    maxBytes,
    hitRate: (after.hits - before.hits) / reads,
    idealHitRate: zipf.share(Math.floor(keys * share)),
    evictionsPerRead: (evictedAfter - evictedBefore) / reads,
    readsPerSecond: reads / seconds,
  };
}

/** Frequent keys do not lie side by side. */
function spread(rank: number, keys: number): number {
  return (rank * 7919) % keys;
}

async function expectExact(bench: Bench, sql: SqlClient, query: string, keys: number): Promise<void> {
  const ordered = `${query} ORDER BY 1, 2`;
  for (let rank = 0; rank < 20; rank++) {
    const key = [String(1 + spread(rank, keys))];
    const [cached, direct] = await Promise.all([sql.rows(query, key), bench.upstream.sql.rows(ordered, key)]);
    const sorted = cached.map((row) => row.join(" ")).toSorted();
    if (JSON.stringify(sorted) !== JSON.stringify(direct.map((row) => row.join(" ")).toSorted()))
      throw new Error(`the partial cache's answer for ${key[0]} differs from PostgreSQL's`);
  }
}

async function cacheBytes(bench: Bench): Promise<number> {
  const sql = await bench.freshet.sql();
  const cache = (await sql.rows("SHOW CACHES")).find(([name]) => name === CACHE);
  return Number(must(must(cache, "the cache was made")[7]));
}

async function evicted(sql: SqlClient): Promise<number> {
  const row = (await sql.rows("SHOW FRESHET STATUS")).find(([name]) => name === "keys_evicted");
  return Number(must(must(row)[1]));
}
