import { now } from "@freshet/base";
import type { Bench } from "../bench.ts";
import { type BenchQuery, createNews, createTrade, newsQueries, tradeQueries } from "../data/analytics.ts";
import { type Shop, shopQuery } from "../data/tables.ts";
import type { LoadResult } from "../load/load.ts";
import { runOwnLoad } from "../load/own-load.ts";

export const JOIN_AGGREGATE = "join + aggregate";

export type QueryTarget = "postgresql" | "freshet" | "materialized-view";

export interface QueryRun extends LoadResult {
  readonly query: string;
  readonly target: QueryTarget;
  readonly clients: number;
}

/** What it costs to bring the answer up to date as a whole. */
export interface QueryBuild {
  readonly query: string;
  readonly cacheMs: number;
  /** REFRESH MATERIALIZED VIEW, which each change would ask for. */
  readonly refreshMs: number;
}

export interface QueriesResult {
  /** Of the largest table of each query. */
  readonly rows: number;
  readonly builds: readonly QueryBuild[];
  readonly runs: readonly QueryRun[];
}

const MATERIALIZED = "bench_materialized";
const CACHE = "bench_query";

/** Queries over large tables: by PostgreSQL, from the cache, and from a materialized view in PostgreSQL. */
export async function measureQueries(bench: Bench): Promise<QueriesResult> {
  const { options, upstream, shop } = bench;
  await bench.cachedShop(shop);
  await bench.expectHit(shopQuery(shop));
  const builds: QueryBuild[] = [];
  const runs: QueryRun[] = [];
  const measure = async (query: BenchQuery, cache: string, cacheMs: number): Promise<void> => {
    bench.log(`queries: ${query.name} ...`);
    builds.push({ query: query.name, cacheMs, refreshMs: await materialize(bench, query) });
    await compare(bench, query);
    runs.push(...(await measureQuery(bench, query, cache)));
    await upstream.sql.run(`DROP MATERIALIZED VIEW ${MATERIALIZED}`);
  };
  await measure(joinAggregate(shop), shop.schema, bench.buildMs(shop.schema));
  await createTrade(upstream.sql, options.scale);
  await createNews(upstream.sql, options.scale);
  for (const query of [...tradeQueries, ...newsQueries(options.scale)]) {
    await measure(query, CACHE, await bench.createCache(CACHE, query.sql));
    await bench.dropCache(CACHE);
  }
  return { rows: options.scale, builds, runs };
}

function joinAggregate(shop: Shop): BenchQuery {
  return {
    name: JOIN_AGGREGATE,
    sql: shopQuery(shop),
    keys: 0,
    view: shopQuery(shop),
    viewKey: "region",
    read: "SELECT * FROM @ ORDER BY region",
  };
}

/** Makes the materialized view; resolves with the milliseconds that making it anew takes. */
async function materialize({ upstream: { sql } }: Bench, { view, viewKey }: BenchQuery): Promise<number> {
  await sql.run(`CREATE MATERIALIZED VIEW ${MATERIALIZED} AS ${view}`);
  await sql.run(`CREATE UNIQUE INDEX ON ${MATERIALIZED} (${viewKey})`);
  await sql.run(`ANALYZE ${MATERIALIZED}`);
  const started = now();
  await sql.run(`REFRESH MATERIALIZED VIEW ${MATERIALIZED}`);
  return now() - started;
}

/** Throws unless the cache and the materialized view give PostgreSQL's own answers. */
async function compare(bench: Bench, query: BenchQuery): Promise<void> {
  const { sql } = bench.upstream;
  const keys = query.keys === 0 ? [0] : [1, 2, Math.ceil(query.keys / 2), query.keys];
  for (const key of keys) {
    const text = query.sql.replace("$1", String(key));
    await bench.expectHit(text);
    const [direct, materialized] = [await sql.rows(text), await sql.rows(readText(query).replace("$1", String(key)))];
    if (JSON.stringify(direct) !== JSON.stringify(materialized)) {
      throw new Error(`the materialized view's answer differs from PostgreSQL's own: ${query.name}`);
    }
  }
}

function readText({ read }: BenchQuery): string {
  return read.replace("@", MATERIALIZED);
}

async function measureQuery(bench: Bench, query: BenchQuery, cache: string): Promise<QueryRun[]> {
  const { upstream, freshet, options } = bench;
  const seconds = Math.max(1, Math.round(options.seconds / 2));
  const runs: QueryRun[] = [];
  for (const clients of options.quick ? [1] : [1, 8]) {
    const load = { protocol: "prepared", clients, seconds, keys: query.keys } as const;
    const cached = { ...load, sql: query.sql, server: freshet };
    await runOwnLoad({ ...cached, seconds: 1 });
    const results = {
      postgresql: await runOwnLoad({ ...load, sql: query.sql, server: upstream }),
      "materialized-view": await runOwnLoad({ ...load, sql: readText(query), server: upstream }),
      freshet: await bench.withoutMisses(cache, () => runOwnLoad(cached)),
    };
    for (const target of ["postgresql", "materialized-view", "freshet"] as const) {
      runs.push({ query: query.name, target, clients, ...results[target] });
    }
  }
  return runs;
}
