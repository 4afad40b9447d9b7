import { now, sleep } from "@freshet/base";
import type { Bench } from "../bench.ts";
import { createPacedWriter, type PacedResult, runPacedWriter } from "../data/paced-writer.ts";
import { accountsQuery, markerQuery, shopQuery } from "../data/tables.ts";
import type { LoadResult } from "../load/load.ts";
import { runOwnLoad } from "../load/own-load.ts";
import { nextMarker, Probe } from "../load/probe.ts";
import { ValueReader } from "../load/value-reader.ts";
import { type Memory, memoryOf } from "../system/process-usage.ts";

/** One look at the system, about every second. */
export interface MixedSample extends Memory {
  /** Since the start. */
  readonly seconds: number;
  readonly hitsPerSecond: number;
  /** From commit to visible. */
  readonly visibleMs: number;
}

export interface MixedResult {
  readonly rows: number;
  readonly seconds: number;
  readonly lookUps: LoadResult;
  readonly aggregates: LoadResult;
  readonly writes: { readonly items: PacedResult; readonly accounts: PacedResult };
  readonly samples: readonly MixedSample[];
}

const ITEMS_WRITER = "shop.mixed_items";
const ACCOUNTS_WRITER = "public.mixed_accounts";
const LOOK_UP_CLIENTS = 8;
const AGGREGATE_CLIENTS = 2;

/** Readers and writers together, for long: what changes with time shows. */
export async function measureMixed(bench: Bench): Promise<MixedResult> {
  const { shop, upstream, options } = bench;
  await bench.cachedAccounts();
  await bench.cachedMarker();
  await bench.cachedShop(shop);
  for (const query of [lookUp(7), markerQuery, shopQuery(shop)]) await bench.expectHit(query);
  await createPacedWriter(upstream.sql, {
    name: ITEMS_WRITER,
    statement: `UPDATE shop.items SET quantity = quantity % 9 + 1 WHERE id = 1 + made * 7919 % ${shop.rows}`,
  });
  await createPacedWriter(upstream.sql, {
    name: ACCOUNTS_WRITER,
    statement: `UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = 1 + made * 7919 % ${options.scale}`,
  });
  bench.log(`mixed, for ${options.mixedSeconds} s ...`);
  const result = await bench.withoutMisses("accounts", () => bench.withoutMisses(shop.schema, () => run(bench)));
  for (const query of [...[1, 7, options.scale].map(lookUp), shopQuery(shop)]) await bench.expectHit(query);
  for (const name of [ITEMS_WRITER, ACCOUNTS_WRITER]) await upstream.sql.run(`DROP PROCEDURE ${name}`);
  return result;
}

function lookUp(key: number): string {
  return accountsQuery.replace("$1", String(key));
}

async function run(bench: Bench): Promise<MixedResult> {
  const { shop, upstream, freshet, options } = bench;
  const seconds = options.mixedSeconds;
  const load = { server: freshet, protocol: "prepared", seconds } as const;
  const [itemsRate, accountsRate] = options.quick ? [100, 50] : [1000, 500];
  const [lookUps, aggregates, items, accounts, samples] = await Promise.all([
    runOwnLoad({ ...load, clients: LOOK_UP_CLIENTS, sql: accountsQuery, keys: options.scale }),
    runOwnLoad({ ...load, clients: AGGREGATE_CLIENTS, sql: shopQuery(shop), keys: 0 }),
    runPacedWriter(upstream, ITEMS_WRITER, itemsRate, seconds),
    runPacedWriter(upstream, ACCOUNTS_WRITER, accountsRate, seconds),
    watch(bench, seconds),
  ]);
  return { rows: shop.rows, seconds, lookUps, aggregates, writes: { items, accounts }, samples };
}

/** Looks about once a second. */
async function watch(bench: Bench, seconds: number): Promise<MixedSample[]> {
  const { upstream, freshet } = bench;
  const writer = await ValueReader.open(upstream);
  const reader = await ValueReader.open(freshet);
  try {
    const probe = new Probe(writer, reader, markerQuery, 1);
    const samples: MixedSample[] = [];
    const started = now();
    let marker = await nextMarker(upstream);
    let [hitsBefore, lookedAt] = [await hits(bench), started];
    while (now() - started < seconds * 1000) {
      await sleep(1000 - ((now() - started) % 1000));
      const visibleMs = await probe.take(marker++);
      const [counted, moment] = [await hits(bench), now()];
      const hitsPerSecond = (counted - hitsBefore) / ((moment - lookedAt) / 1000);
      [hitsBefore, lookedAt] = [counted, moment];
      samples.push({ seconds: (moment - started) / 1000, hitsPerSecond, visibleMs, ...(await memoryOf(freshet.pid)) });
    }
    return samples;
  } finally {
    for (const connection of [writer, reader]) connection.close();
  }
}

async function hits(bench: Bench): Promise<number> {
  return (await bench.counters("accounts")).hits + (await bench.counters(bench.shop.schema)).hits;
}
