import { now } from "@freshet/base";
import type { Bench } from "../bench.ts";
import { type Shop, markerQuery, shopQuery } from "../data/tables.ts";
import { ValueReader } from "../load/value-reader.ts";
import { openSql } from "../system/sql-client.ts";
import { cpuMicroseconds } from "../system/process-usage.ts";
import { type LatencyResult, measureLatency } from "./latency.ts";

export interface ChangesRun {
  /** Rows of the shop's largest table. */
  readonly stateRows: number;
  /** Single-row commits. */
  readonly changes: number;
  /** Time of the upstream to make them. */
  readonly makingMs: number;
  /** Until the last one was visible in the cache: from when Freshet began to read (backlog), or from when the first was made (live). */
  readonly visibleMs: number;
  readonly changesPerSecond: number;
  readonly usPerChange: number;
  /** Freshet's own CPU time, all threads. */
  readonly cpuUsPerChange: number;
}

export interface ChangesResult {
  /** Freshet finds all changes waiting: what the engine can sustain, without the cost of making the changes. */
  readonly backlog: readonly ChangesRun[];
  /** Made while Freshet follows; upstream, walsender and Freshet share the machine. */
  readonly live: ChangesRun;
  readonly latency: LatencyResult;
}

/** Commits of one row each, followed by a join with an aggregate. */
export async function measureChanges(bench: Bench): Promise<ChangesResult> {
  const { shop, smallShop } = bench;
  await bench.cachedMarker();
  await bench.cachedShop(shop);
  await bench.cachedShop(smallShop);
  for (const query of [markerQuery, shopQuery(shop), shopQuery(smallShop)]) await bench.expectHit(query);
  const writer = new ChangeWriter(bench);
  const latency = await measureLatency(bench, () => writer.nextMarker());
  await writer.run(smallShop, "live");
  const backlog: ChangesRun[] = [];
  for (const each of [smallShop, shop]) {
    bench.log(`changes: a backlog in front of ${each.rows} rows ...`);
    backlog.push(await writer.run(each, "backlog"));
  }
  bench.log("changes: live ...");
  const live = await writer.run(shop, "live");
  return { backlog, live, latency };
}

class ChangeWriter {
  readonly #bench: Bench;
  readonly #last = new Map<string, number>();
  #marker = 0;

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  nextMarker(): number {
    return ++this.#marker;
  }

  async run(shop: Shop, kind: "backlog" | "live"): Promise<ChangesRun> {
    await this.#bench.expectHit(markerQuery);
    return this.#bench.withoutMisses("marker", () => this.#run(shop, kind));
  }

  async #run(shop: Shop, kind: "backlog" | "live"): Promise<ChangesRun> {
    const bench = this.#bench;
    const { upstream, freshet, options } = bench;
    const changes = Math.max(2000, Math.ceil(options.scale / 5));
    const session = await openSql(upstream);
    const reader = await ValueReader.open(freshet);
    const marker = this.nextMarker();
    try {
      const cpuBefore = await cpuMicroseconds(freshet.pid);
      if (kind === "backlog") freshet.signal("SIGSTOP");
      const started = now();
      const making = this.#make(session.run(this.#call(shop, changes, marker)), started);
      let from = started;
      if (kind === "backlog") {
        await making;
        from = now();
        freshet.signal("SIGCONT");
      }
      // Together: what goes wrong with one of them must not be hidden by what the other then meets.
      const [seen, makingMs] = await Promise.all([this.#untilVisible(reader, marker), making]);
      const cpu = (await cpuMicroseconds(freshet.pid)) - cpuBefore;
      await bench.expectHit(shopQuery(shop));
      return figures(shop, changes, makingMs, seen - from, cpu);
    } finally {
      freshet.signal("SIGCONT");
      reader.close();
      await session.close();
    }
  }

  async #make(call: Promise<void>, started: number): Promise<number> {
    await call;
    return now() - started;
  }

  #call(shop: Shop, changes: number, marker: number): string {
    const last = this.#last.get(shop.schema) ?? shop.rows;
    this.#last.set(shop.schema, last + changes);
    return `CALL ${shop.schema}.commit_changes(${last}, ${changes}, ${marker})`;
  }

  /** Looks every few milliseconds, so that looking costs Freshet next to nothing. */
  async #untilVisible(reader: ValueReader, marker: number): Promise<number> {
    for (;;) {
      if (Number(await reader.query(markerQuery)) >= marker) return now();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

function figures(shop: Shop, changes: number, makingMs: number, visibleMs: number, cpuUs: number): ChangesRun {
  return {
    stateRows: shop.rows,
    changes,
    makingMs,
    visibleMs,
    changesPerSecond: changes / (visibleMs / 1000),
    usPerChange: (visibleMs * 1000) / changes,
    cpuUsPerChange: cpuUs / changes,
  };
}
