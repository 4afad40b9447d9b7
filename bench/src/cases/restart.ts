import { now } from "@freshet/base";
import type { Bench } from "../bench.ts";
import { accountsQuery, shopQuery } from "../data/tables.ts";
import { memoryOf } from "../system/process-usage.ts";

export interface RestartRun {
  readonly signal: "SIGTERM" | "SIGKILL";
  /** From the start of the process until /readyz answers 200. */
  readonly readyMs: number;
  /** From the start of the process until a statement was answered from a cache. */
  readonly firstHitMs: number;
  readonly residentBytes: number;
  readonly anonymousBytes: number;
}

export interface RestartResult {
  /** Rows of the largest tables in the state. */
  readonly rows: number;
  readonly diskBytes: number;
  readonly runs: readonly RestartRun[];
}

const REPEATS = 3;

/** Ends Freshet in order and by force, and starts it over the state that is there. */
export async function measureRestart(bench: Bench): Promise<RestartResult> {
  const { freshet, shop, options } = bench;
  await bench.cachedAccounts();
  await bench.cachedShop(shop);
  const runs: RestartRun[] = [];
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    for (let repeat = 0; repeat < (options.quick ? 1 : REPEATS); repeat++) {
      bench.log(`restart after ${signal} ...`);
      await freshet.end(signal);
      const started = now();
      const readyMs = await freshet.launch();
      await bench.untilHit(shopQuery(shop));
      const firstHitMs = now() - started;
      const memory = await memoryOf(freshet.pid);
      await bench.expectHit(shopQuery(shop));
      await bench.expectHit(accountsQuery.replace("$1", "7"));
      runs.push({ signal, readyMs, firstHitMs, ...memory });
    }
  }
  return { rows: options.scale, diskBytes: await freshet.diskBytes(), runs };
}
