import type { Bench } from "../bench.ts";
import { shopQuery } from "../data/tables.ts";
import type { LoadResult } from "../load/load.ts";
import { runOwnLoad } from "../load/own-load.ts";

export interface QueryRun {
  readonly clients: number;
  readonly direct: LoadResult;
  readonly cached: LoadResult;
}

export interface QueriesResult {
  readonly rows: number;
  readonly runs: readonly QueryRun[];
}

/** A join with an aggregate over all rows, by PostgreSQL and from the cache. */
export async function measureQueries(bench: Bench): Promise<QueriesResult> {
  const { shop, upstream, freshet, options } = bench;
  await bench.cachedShop(shop);
  const sql = shopQuery(shop);
  await bench.expectHit(sql);
  const runs: QueryRun[] = [];
  for (const clients of options.quick ? [1] : [1, 8]) {
    bench.log(`queries: ${clients} clients ...`);
    const load = { protocol: "prepared", clients, seconds: options.seconds, sql, keys: 0 } as const;
    await runOwnLoad({ ...load, server: freshet, seconds: 1 });
    const direct = await runOwnLoad({ ...load, server: upstream });
    const cached = await bench.withoutMisses(shop.schema, () => runOwnLoad({ ...load, server: freshet }));
    runs.push({ clients, direct, cached });
  }
  return { rows: shop.rows, runs };
}
