import { now, random, sleep } from "@freshet/base";
import type { Bench } from "../bench.ts";
import { createPacedWriter, type PacedResult, runPacedWriter } from "../data/paced-writer.ts";
import { markerQuery, shopQuery } from "../data/tables.ts";
import { nextMarker, Probe } from "../load/probe.ts";
import { REST_MS } from "../load/rest.ts";
import { ValueReader } from "../load/value-reader.ts";
import { type Distribution, distribution } from "../statistics.ts";

export type FreshnessTarget = "view" | "table";

export interface FreshnessRun {
  readonly target: FreshnessTarget;
  /** Single-row commits per second beside the probes, under a join with an aggregate. */
  readonly writes: PacedResult;
  /** Milliseconds from the writer's answer until a reader saw the change. */
  readonly delay: Distribution;
}

export interface FreshnessResult {
  readonly rows: number;
  readonly runs: readonly FreshnessRun[];
}

const RATES = [0, 500, 2000, 5000];
const QUICK_RATES = [0, 200];
const WRITER = "shop.paced_items";
const TABLE = "public.bench_marker_copy";
const TABLE_QUERY = `SELECT value FROM ${TABLE} WHERE id = 1`;
const WARM_UP_PROBES = 5;

/** From commit to visible, in the view and in the write-back table, while other changes come at several rates. */
export async function measureFreshness(bench: Bench): Promise<FreshnessResult> {
  const { shop, upstream, options } = bench;
  await bench.cachedMarker();
  await bench.cachedShop(shop);
  await createPacedWriter(upstream.sql, {
    name: WRITER,
    statement: `UPDATE shop.items SET quantity = quantity % 9 + 1 WHERE id = 1 + made * 7919 % ${shop.rows}`,
  });
  await bench.createCache("marker_table", "SELECT id, value FROM bench_marker", `write_to = '${TABLE}'`);
  const runs: FreshnessRun[] = [];
  for (const target of ["view", "table"] as const) {
    for (const rate of options.quick ? QUICK_RATES : RATES) {
      bench.log(`freshness of the ${target}: ${rate} commits/s ...`);
      await bench.expectHit(markerQuery);
      runs.push(await measure(bench, target, rate));
      await bench.expectHit(shopQuery(shop));
    }
  }
  await bench.dropCache("marker_table");
  await upstream.sql.run(`DROP TABLE IF EXISTS ${TABLE}`);
  await upstream.sql.run(`DROP PROCEDURE ${WRITER}`);
  return { rows: shop.rows, runs };
}

async function measure(bench: Bench, target: FreshnessTarget, rate: number): Promise<FreshnessRun> {
  const { upstream, freshet } = bench;
  const seconds = bench.options.seconds;
  const writer = await ValueReader.open(upstream);
  const reader = await ValueReader.open(target === "view" ? freshet : upstream);
  try {
    const probe = new Probe(writer, reader, target === "view" ? markerQuery : TABLE_QUERY, rate === 0 ? REST_MS : 1);
    const take = (): Promise<number[]> => takeProbes(bench, probe, seconds);
    const writing = rate === 0 ? { wanted: 0, made: 0 } : runPacedWriter(upstream, WRITER, rate, seconds + 1);
    const [writes, delays] = await Promise.all([writing, bench.withoutMisses("marker", take)]);
    return { target, writes, delay: distribution(delays.slice(WARM_UP_PROBES)) };
  } finally {
    for (const connection of [writer, reader]) connection.close();
  }
}

async function takeProbes({ upstream }: Bench, probe: Probe, seconds: number): Promise<number[]> {
  const delays: number[] = [];
  const until = now() + seconds * 1000;
  for (let marker = await nextMarker(upstream); now() < until || delays.length <= WARM_UP_PROBES; marker++) {
    delays.push(await probe.take(marker));
    await sleep(1 + random() * 2);
  }
  return delays;
}
