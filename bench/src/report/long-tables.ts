import type { FreshnessResult } from "../cases/freshness.ts";
import type { MixedResult } from "../cases/mixed.ts";
import type { PartialResult } from "../cases/partial.ts";
import type { ScaleResult } from "../cases/scale.ts";
import type { CaseResults } from "../results.ts";
import { distribution } from "../statistics.ts";
import { mebibytes } from "./mebibytes.ts";
import { mixedGrowth } from "./mixed-growth.ts";
import type { Table } from "./table.ts";
import { count, figure } from "./targets.ts";

/** Of the cases that look at time and size. */
export function longTables({ partial, freshness, mixed, scale }: CaseResults): Table[] {
  const made: Table[] = [];
  if (partial !== undefined) made.push(partialTable(partial));
  if (freshness !== undefined) made.push(freshnessTable(freshness));
  if (mixed !== undefined) made.push(mixedTable(mixed));
  if (scale !== undefined) made.push(scaleTable(scale));
  return made;
}

function partialTable({ keys, exponent, completeBytes, runs }: PartialResult): Table {
  const percent = (share: number): string => `${figure(share * 100)} %`;
  return {
    title: `Partial caches over ${count(keys)} keys (Zipf, exponent ${exponent}; the complete view: ${count(completeBytes)} bytes)`,
    columns: [
      "max_bytes",
      "of the view",
      "hits",
      "hits if the most frequent keys were held",
      "evictions/read",
      "reads/s, 1 client",
    ],
    rows: runs.map((run) => [
      count(run.maxBytes),
      percent(run.share),
      percent(run.hitRate),
      percent(run.idealHitRate),
      figure(run.evictionsPerRead),
      count(Math.round(run.readsPerSecond)),
    ]),
  };
}

function freshnessTable({ rows, runs }: FreshnessResult): Table {
  return {
    title: `Commit to visible beside commits under a join + aggregate over ${count(rows)} rows (ms)`,
    columns: ["where", "commits/s wanted", "made", "probes", "p50", "p99", "p99.9", "max"],
    rows: runs.map(({ target, writes, delay }) => [
      target === "view" ? "view" : "write-back table",
      count(writes.wanted),
      count(Math.round(writes.made)),
      count(delay.samples),
      ...[delay.p50, delay.p99, delay.p999, delay.max].map(figure),
    ]),
  };
}

function mixedTable(mixed: MixedResult): Table {
  const { rows, seconds, lookUps, aggregates, writes, samples } = mixed;
  const growth = mixedGrowth(mixed);
  const delay = distribution(samples.map(({ visibleMs }) => visibleMs));
  const memory = samples.map(({ anonymousBytes }) => anonymousBytes);
  const resident = samples.map(({ residentBytes }) => residentBytes);
  const percent = (share: number): string => `${figure(share * 100)} %`;
  return {
    title: `Readers and writers together for ${count(seconds)} s, ${count(rows)} rows`,
    columns: ["what", "measured", "growth over the run"],
    rows: [
      ["look-ups/s, 8 clients", count(Math.round(lookUps.tps)), percent(growth.hits)],
      ["p99 of a look-up, ms", figure(lookUps.p99Us / 1000), ""],
      ["join + aggregate, reads/s, 2 clients", count(Math.round(aggregates.tps)), ""],
      ["commits/s, items", figure(writes.items.made), ""],
      ["commits/s, accounts", figure(writes.accounts.made), ""],
      ["commit to visible, p50, ms", figure(delay.p50), `${figure(growth.delayMs)} ms`],
      ["commit to visible, p99, ms", figure(delay.p99), ""],
      ["heaps and buffers, highest, MiB", mebibytes(Math.max(...memory)), percent(growth.memory)],
      ["RSS, highest, MiB", mebibytes(Math.max(...resident)), ""],
    ],
  };
}

function scaleTable({ points }: ScaleResult): Table {
  return {
    title: "By the size of the state",
    columns: [
      ...["rows", "CREATE CACHE s", "hit p50 µs", "hit p99 µs", "CPU µs/change", "changes/s", "restart ms"],
      ...["RSS MiB", "of it not mapped files", "disk MiB", "bytes/row"],
    ],
    rows: points.map((point) => [
      count(point.rows),
      figure(point.buildMs / 1000),
      ...[point.hitP50Us, point.hitP99Us, point.cpuUsPerChange].map(figure),
      count(Math.round(point.changesPerSecond)),
      figure(point.restartMs),
      ...[point.residentBytes, point.anonymousBytes, point.diskBytes].map(mebibytes),
      figure(point.diskBytes / point.rows),
    ]),
  };
}
