import type { HitRun, HitTarget, HitsResult } from "../cases/hits.ts";
import { JOIN_AGGREGATE, type QueryRun, type QueryTarget } from "../cases/queries.ts";
import { mixedGrowth } from "./mixed-growth.ts";
import type { CaseResults } from "../results.ts";

/** One of the figures that Freshet is to reach. */
export interface Target {
  readonly what: string;
  readonly wanted: string;
  readonly measured: string;
  readonly met: boolean;
}

/** What the measured cases say about the targets. Throughputs and latencies are ratios within the run. */
export function targets(cases: CaseResults): readonly Target[] {
  return [hitTargets, queryTargets, changeTargets, freshnessTargets, stateTargets].flatMap((of) => of(cases));
}

function hitTargets({ hits }: CaseResults): Target[] {
  if (hits === undefined) return [];
  return [
    ...ratios(hits, "cached point look-up against PostgreSQL, throughput", "freshet", "postgresql", tps, {
      atLeast: 2,
    }),
    ...ratios(hits, "cached point look-up against PostgreSQL, mean latency", "freshet", "postgresql", mean, {
      atMost: 0.6,
    }),
    ...ratios(hits, "cached point look-up against the canned Node server, throughput", "freshet", "canned", tps, {
      atLeast: 0.8,
    }),
    ...ratios(hits, "pass-through against PgBouncer, throughput", "freshet-pass-through", "pgbouncer", tps, {
      atLeast: 0.9,
    }),
  ];
}

const tps = (run: HitRun): number => run.tps;
const mean = (run: HitRun): number => run.meanUs;

type Bound = { readonly atLeast: number } | { readonly atMost: number };

/** One line per number of clients, with prepared statements. */
function ratios(
  { runs }: HitsResult,
  what: string,
  target: HitTarget,
  rival: HitTarget,
  of: (run: HitRun) => number,
  bound: Bound,
): Target[] {
  const prepared = runs.filter(({ protocol }) => protocol === "prepared");
  return prepared.flatMap((run) => {
    const other = prepared.find((each) => each.target === rival && each.clients === run.clients);
    if (run.target !== target || other === undefined) return [];
    return [bounded(`${what}, ${clients(run.clients)}`, of(run) / of(other), bound, "x")];
  });
}

function queryTargets({ queries }: CaseResults): Target[] {
  const alone = (target: QueryTarget): QueryRun | undefined =>
    queries?.runs.find((run) => run.query === JOIN_AGGREGATE && run.target === target && run.clients === 1);
  const [direct, cached] = [alone("postgresql"), alone("freshet")];
  if (queries === undefined || direct === undefined || cached === undefined) return [];
  const what = `${JOIN_AGGREGATE} over ${count(queries.rows)} rows, cached against direct`;
  return [
    bounded(`${what}, throughput`, cached.tps / direct.tps, { atLeast: 1000 }, "x"),
    bounded(`${what}, p50 of the latency`, direct.p50Us / cached.p50Us, { atLeast: 1000 }, "x"),
  ];
}

function changeTargets({ changes }: CaseResults): Target[] {
  if (changes === undefined) return [];
  const [small, large] = changes.backlog.toSorted((a, b) => a.stateRows - b.stateRows);
  const lines = [
    bounded("commit to visible, over the walsender's delay, p50", changes.latency.added.p50, { atMost: 2 }, " ms"),
    bounded("commit to visible, over the walsender's delay, p99", changes.latency.added.p99, { atMost: 10 }, " ms"),
  ];
  if (small === undefined || large === undefined) return lines;
  const what = "single-row commits followed by a join + aggregate";
  lines.push(bounded(`${what}, ${count(large.stateRows)} rows`, large.changesPerSecond, { atLeast: 30_000 }, "/s"));
  const flat = large.changesPerSecond / small.changesPerSecond;
  lines.push(bounded(`${what}, rate against a tenth of the state`, flat, { atLeast: 0.8 }, "x"));
  return lines;
}

function freshnessTargets({ freshness, mixed }: CaseResults): Target[] {
  const lines = (freshness?.runs ?? [])
    .filter(({ target, writes }) => target === "view" && writes.wanted > 0)
    .map(({ writes, delay }) =>
      bounded(`commit to visible beside ${count(writes.wanted)} commits/s, p99`, delay.p99, { atMost: 50 }, " ms"),
    );
  if (mixed === undefined) return lines;
  const { delayMs, memory } = mixedGrowth(mixed);
  return [
    ...lines,
    bounded("readers and writers together: delay, growth over the run", delayMs, { atMost: 5 }, " ms"),
    bounded("readers and writers together: heaps and buffers, growth over the run", memory * 100, { atMost: 10 }, " %"),
  ];
}

function stateTargets({ snapshot, restart, idle }: CaseResults): Target[] {
  const lines: Target[] = [];
  if (snapshot !== undefined) {
    const what = `initial snapshot of ${count(snapshot.rows)} rows`;
    lines.push(bounded(what, snapshot.first.rowsPerSecond, { atLeast: 200_000 }, " rows/s"));
  }
  if (restart !== undefined) {
    const slowest = Math.max(...restart.runs.map(({ firstHitMs }) => firstHitMs)) / 1000;
    lines.push(bounded("restart until the first hit, slowest", slowest, { atMost: 1 }, " s"));
  }
  const crowd = idle?.runs.at(-1);
  if (crowd !== undefined) {
    const what = `memory per idle client of a pool, ${clients(crowd.clients)}`;
    lines.push(bounded(what, crowd.bytesPerClient / 1000, { atMost: 20 }, " kB"));
  }
  return lines;
}

function bounded(what: string, value: number, bound: Bound, unit: string): Target {
  const met = "atLeast" in bound ? value >= bound.atLeast : value <= bound.atMost;
  const wanted = "atLeast" in bound ? `>= ${count(bound.atLeast)}` : `<= ${count(bound.atMost)}`;
  return { what, wanted: `${wanted}${unit}`, measured: `${figure(value)}${unit}`, met };
}

function clients(number: number): string {
  return number === 1 ? "1 client" : `${number} clients`;
}

/** A number with its thousands apart. */
export function count(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
}

/** Three digits that count, or the whole number. */
export function figure(value: number): string {
  return Math.abs(value) >= 1000
    ? count(Math.round(value))
    : value.toLocaleString("en-US", { maximumSignificantDigits: 3 });
}
