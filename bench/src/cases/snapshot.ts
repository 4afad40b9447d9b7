import type { Bench } from "../bench.ts";
import { createSnapshotTable } from "../data/tables.ts";

export interface SnapshotResult {
  readonly rows: number;
  /** CREATE CACHE over a table that is not replicated yet: copy, hand-over and an aggregate. */
  readonly first: CacheBuild;
  /** Another aggregate over the same table, which is known by now. */
  readonly second: CacheBuild;
  /** A cache of one row per key over the known table: its view has all rows. */
  readonly keyed: CacheBuild;
}

export interface CacheBuild {
  readonly milliseconds: number;
  readonly rowsPerSecond: number;
}

const grouped =
  "SELECT customer_id, count(*) AS orders, sum(amount) AS total FROM bench_snapshot GROUP BY customer_id ORDER BY customer_id";
const highest = "SELECT customer_id % 10 AS bucket, max(amount) AS highest FROM bench_snapshot GROUP BY 1 ORDER BY 1";
const keyed = "SELECT customer_id, amount FROM bench_snapshot WHERE id = $1";

export async function measureSnapshot(bench: Bench): Promise<SnapshotResult> {
  const rows = bench.options.scale;
  await createSnapshotTable(bench.upstream.sql, rows);
  bench.log("snapshot ...");
  const build = async (name: string, query: string): Promise<CacheBuild> => {
    const milliseconds = await bench.createCache(name, query);
    return { milliseconds, rowsPerSecond: rows / (milliseconds / 1000) };
  };
  const first = await build("snapshot_grouped", grouped);
  const second = await build("snapshot_highest", highest);
  const byKey = await build("snapshot_keyed", keyed);
  for (const query of [grouped, highest, keyed.replace("$1", "7")]) await bench.expectHit(query);
  for (const name of ["snapshot_grouped", "snapshot_highest", "snapshot_keyed"]) await bench.dropCache(name);
  return { rows, first, second, keyed: byKey };
}
