import type { CaseResults, Results } from "../results.ts";
import { figure } from "./targets.ts";

/** One figure of a run that another run has, too. */
export interface Headline {
  readonly name: string;
  readonly value: number;
  readonly better: "higher" | "lower";
}

/** Worse by more than this factor is told: two runs on one machine differ by up to a quarter by themselves. */
const TOLERANCE = 1.3;

/** What a run says in few figures. */
export function headlines({
  hits,
  queries,
  changes,
  freshness,
  snapshot,
  restart,
  scale,
  rivals,
}: CaseResults): Headline[] {
  const made: Headline[] = [];
  const add = (better: Headline["better"], name: string, value: number): void => {
    made.push({ name, value, better });
  };
  for (const { target, protocol, clients, tps } of hits?.runs ?? []) {
    if (target.startsWith("freshet")) add("higher", `hits: ${target}, ${protocol}, ${clients} clients, tps`, tps);
  }
  for (const { query, target, clients, tps } of queries?.runs ?? []) {
    if (target === "freshet") add("higher", `queries: ${query}, ${clients} clients, tps`, tps);
  }
  for (const { stateRows, cpuUsPerChange } of changes?.backlog ?? []) {
    add("lower", `changes: CPU µs per change, ${stateRows} rows`, cpuUsPerChange);
  }
  for (const { target, writes, delay } of freshness?.runs ?? []) {
    add("lower", `freshness: ${target}, ${writes.wanted} commits/s, p50 ms`, delay.p50);
  }
  if (snapshot !== undefined) add("higher", "snapshot: rows/s", snapshot.first.rowsPerSecond);
  if (restart !== undefined) {
    add("lower", "restart: slowest first hit, ms", Math.max(...restart.runs.map(({ firstHitMs }) => firstHitMs)));
  }
  for (const { rows, hitP50Us, cpuUsPerChange, diskBytes } of scale?.points ?? []) {
    add("lower", `scale: ${rows} rows, hit p50 µs`, hitP50Us);
    add("lower", `scale: ${rows} rows, CPU µs per change`, cpuUsPerChange);
    add("lower", `scale: ${rows} rows, bytes on disk`, diskBytes);
  }
  return [...made, ...rivalHeadlines(rivals)];
}

function rivalHeadlines(rivals: CaseResults["rivals"]): Headline[] {
  return (rivals?.runs ?? [])
    .filter(({ engine }) => engine === "freshet")
    .flatMap(({ query, rows, measured }) =>
      measured === null
        ? []
        : [
            {
              name: `rivals: ${query}, ${rows} rows, CPU µs per change`,
              value: measured.cpuUsPerChange,
              better: "lower" as const,
            },
          ],
    );
}

/** What became worse since an earlier run of the same sizes on a like machine; a warning, never a failure. */
export function comparison(before: Results | null, now: Results): string {
  if (before === null) return "no earlier run of these sizes on such a machine to compare with";
  const earlier = new Map(headlines(before.cases).map((headline) => [headline.name, headline.value]));
  const worse = headlines(now.cases).flatMap(({ name, value, better }) => {
    const old = earlier.get(name);
    if (old === undefined || old <= 0 || value <= 0) return [];
    const factor = better === "higher" ? old / value : value / old;
    return factor > TOLERANCE ? [`WARNING: ${name}: ${figure(old)} -> ${figure(value)}`] : [];
  });
  const than = `the run of ${before.startedAt.slice(0, 16)}, commit ${before.commit}`;
  if (worse.length === 0) return `nothing is worse by more than ${TOLERANCE}x than in ${than}`;
  return [`worse by more than ${TOLERANCE}x than in ${than}:`, ...worse].join("\n");
}
