import { Counter, Gauge, type Registry } from "prom-client";
import type { Pool } from "./pool.ts";
import type { PoolStatistics } from "./pool-statistics.ts";
import type { Pools } from "./pools.ts";

/** Of the pools, per database and user; read when they are scraped. Without pools they have no values. */
export function poolMetrics(configured: Pools | null, registry: Registry): void {
  const pools: Pick<Pools, "all" | "seats"> = configured ?? { all: [], seats: new Set() };
  const registers = [registry];
  new Gauge({
    name: "freshet_pool_servers",
    help: "Server connections of a pool by state: active, idle, opening.",
    labelNames: ["database", "user", "state"],
    registers,
    collect() {
      this.reset();
      for (const pool of pools.all) {
        this.set({ ...labels(pool), state: "active" }, pool.active.size);
        this.set({ ...labels(pool), state: "idle" }, pool.idle.length);
        this.set({ ...labels(pool), state: "opening" }, pool.opening);
      }
    },
  });
  new Gauge({
    name: "freshet_pool_clients",
    help: "Clients of a pool by state: idle, active, idle in transaction, waiting, login.",
    labelNames: ["database", "user", "state"],
    registers,
    collect() {
      this.reset();
      for (const { pool, session } of pools.seats)
        this.inc({ ...labels(pool), state: session?.activity().state ?? "login" });
    },
  });
  new Gauge({
    name: "freshet_pool_pinned",
    help: "Clients that keep their server connection between transactions, by reason.",
    labelNames: ["reason"],
    registers,
    collect() {
      this.reset();
      for (const { session } of pools.seats) for (const reason of session?.activity().pins ?? []) this.inc({ reason });
    },
  });
  new Gauge({
    name: "freshet_pool_longest_wait_seconds",
    help: "How long the first client in a pool's queue has waited for a server connection.",
    aggregator: "max",
    labelNames: ["database", "user"],
    registers,
    collect() {
      this.reset();
      for (const pool of pools.all) this.set(labels(pool), pool.longestWait / 1000);
    },
  });
  totals(pools, registry);
}

function totals(pools: Pick<Pools, "all">, registry: Registry): void {
  const total = (name: string, help: string, value: (statistics: PoolStatistics) => number): void => {
    new Counter({
      name,
      help,
      labelNames: ["database", "user"],
      registers: [registry],
      collect() {
        this.reset();
        for (const pool of pools.all) this.inc(labels(pool), value(pool.statistics));
      },
    });
  };
  total("freshet_pool_transactions_total", "Transactions on a pool's server connections.", (one) => one.transactions);
  total("freshet_pool_statements_total", "Statements, or pipelines, on them.", (one) => one.queries);
  total("freshet_pool_wait_seconds_total", "What clients waited for them.", (one) => one.waitTime / 1000);
}

function labels(pool: Pool): { readonly database: string; readonly user: string } {
  return { database: pool.database, user: pool.user };
}
