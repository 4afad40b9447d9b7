import type { ChangesRun } from "../cases/changes.ts";
import type { HitRun, HitTarget } from "../cases/hits.ts";
import type { QueryTarget } from "../cases/queries.ts";
import type { Results } from "../results.ts";
import type { Distribution } from "../statistics.ts";
import type { Memory } from "../system/process-usage.ts";
import type { Stolen } from "../system/stolen-time.ts";
import { pictureFiles } from "../charts/pictures.ts";
import { longTables } from "./long-tables.ts";
import { mebibytes } from "./mebibytes.ts";
import { rivalTables } from "./rival-tables.ts";
import { type Table, markdownTable, plainTable } from "./table.ts";
import { count, figure, targets } from "./targets.ts";

/** Everything that a run measured, for the terminal. */
export function printed(results: Results): string {
  return `${tables(results).map(plainTable).join("\n\n")}\n`;
}

/** docs/performance.md. */
export function markdownReport(results: Results): string {
  const { machine, scale, seconds, startedAt, commit } = results;
  const memory = figure(machine.memoryBytes / 1024 ** 3);
  const intro = `# Performance

Made by \`npm run bench:report\` from the latest whole run of \`npm run bench\`; [benchmarks.md](benchmarks.md) tells what is measured and how.
Ratios compare what ran in turn within this one run; absolute figures are this machine's.

- run of ${startedAt.slice(0, 10)}, commit ${commit}; ${count(scale)} rows, ${seconds} s per measurement
- ${machine.processor}, ${machine.cores} cores (shared by client, Freshet and PostgreSQL), ${memory} GiB
- Node ${machine.node}, PostgreSQL ${machine.postgresql}${otherRuns(results)}`;
  const pictures = pictureFiles(results.cases).map(({ file, alternative }) => `![${alternative}](${file})`);
  return `${[intro, ...pictures, ...tables(results).map(markdownTable)].join("\n\n")}\n`;
}

/** The cases that a later run measured anew. */
function otherRuns({ caseRuns, startedAt }: Results): string {
  const others = Object.entries(caseRuns).filter(([, run]) => !run.startsWith(startedAt.slice(0, 16)));
  return others.map(([name, run]) => `\n- \`${name}\`: run of ${run}`).join("");
}

export function tables(results: Results): readonly Table[] {
  const { cases } = results;
  const made: Table[] = [];
  const verdicts = targets(cases).map(({ what, wanted, measured, met }) => [
    what,
    wanted,
    measured,
    met ? "yes" : "no",
  ]);
  if (verdicts.length > 0)
    made.push({ title: "Targets", columns: ["what", "target", "measured", "met"], rows: verdicts });
  made.push(
    ...hitTables(results),
    ...frontTables(results),
    ...queryTables(results),
    ...changeTables(results),
    ...stateTables(results),
  );
  made.push(...operatorTables(results), ...longTables(results.cases), ...rivalTables(results.cases.rivals));
  return made;
}

const names: Readonly<Record<HitTarget, string>> = {
  postgresql: "PostgreSQL",
  freshet: "Freshet, cached",
  "freshet-pass-through": "Freshet, no cache",
  canned: "canned Node server",
  pgbouncer: "PgBouncer",
};

/** Empty for a run of before this was measured. */
function stolen({ stolenShare }: Partial<Stolen>): string {
  return stolenShare === undefined ? "" : `${(stolenShare * 100).toFixed(1)} %`;
}

function hitTables({ cases: { hits } }: Results): Table[] {
  if (hits === undefined) return [];
  const ratio = (run: HitRun): string => {
    const direct = hits.runs.find(
      ({ target, protocol, clients }) =>
        target === "postgresql" && protocol === run.protocol && clients === run.clients,
    );
    return direct === undefined ? "" : figure(run.tps / direct.tps);
  };
  const generator = hits.generator === "pgbench" ? "pgbench, one thread" : "the benchmark's own load generator";
  return [
    {
      title: `Point look-ups in ${count(hits.rows)} rows (${generator})`,
      columns: [
        "server",
        "protocol",
        "clients",
        "tps",
        "to PostgreSQL",
        "mean ms",
        "p50 ms",
        "p99 ms",
        "CPU µs/tx",
        "stolen",
      ],
      rows: hits.runs.map((run) => [
        names[run.target],
        run.protocol,
        String(run.clients),
        count(Math.round(run.tps)),
        ratio(run),
        ...[run.meanUs, run.p50Us, run.p99Us].map((us) => figure(us / 1000)),
        figure(run.cpuUsPerTransaction),
        stolen(run),
      ]),
    },
  ];
}

function frontTables({ cases: { fronts } }: Results): Table[] {
  if (fronts === undefined) return [];
  return [
    {
      title: `Processes that serve clients: cached point look-ups in ${count(fronts.rows)} rows, prepared`,
      columns: ["fronts", "clients", "tps", "mean ms", "p50 ms", "p99 ms", "CPU µs/tx", "stolen"],
      rows: fronts.runs.map((run) => [
        String(run.fronts),
        String(run.clients),
        count(Math.round(run.tps)),
        ...[run.meanUs, run.p50Us, run.p99Us].map((us) => figure(us / 1000)),
        figure(run.cpuUsPerTransaction),
        stolen(run),
      ]),
    },
  ];
}

function queryTables({ cases: { queries } }: Results): Table[] {
  if (queries === undefined) return [];
  const names: Readonly<Record<QueryTarget, string>> = {
    postgresql: "PostgreSQL",
    freshet: "Freshet, cached",
    "materialized-view": "materialized view",
  };
  return [
    {
      title: `Queries over ${count(queries.rows)} rows`,
      columns: ["query", "server", "clients", "tps", "p50 ms", "p99 ms"],
      rows: queries.runs.map(({ query, target, clients, tps, p50Us, p99Us }) => [
        query,
        names[target],
        String(clients),
        figure(tps),
        figure(p50Us / 1000),
        figure(p99Us / 1000),
      ]),
    },
    {
      title: `The whole answer anew, over ${count(queries.rows)} rows`,
      columns: ["query", "REFRESH MATERIALIZED VIEW, s", "CREATE CACHE, s"],
      rows: queries.builds.map(({ query, refreshMs, cacheMs }) => [
        query,
        figure(refreshMs / 1000),
        figure(cacheMs / 1000),
      ]),
    },
  ];
}

function changeTables({ cases: { changes } }: Results): Table[] {
  if (changes === undefined) return [];
  const row = (kind: string, run: ChangesRun): string[] => [
    kind,
    count(run.stateRows),
    count(run.changes),
    count(Math.round(run.changesPerSecond)),
    figure(run.usPerChange),
    figure(run.cpuUsPerChange),
  ];
  const { visible, walsender, added } = changes.latency;
  const delays = (what: string, { p50, p99, max }: Distribution): string[] => [what, ...[p50, p99, max].map(figure)];
  return [
    {
      title: "Single-row commits followed by a join + aggregate",
      columns: ["changes", "rows of state", "commits", "per second", "µs per change", "CPU µs per change"],
      rows: [
        ...changes.backlog.map((run) => row("waiting (backlog)", run)),
        row("made meanwhile (live)", changes.live),
      ],
    },
    {
      title: `Commit to visible, idle system, ${count(visible.samples)} commits (ms after the writer's answer)`,
      columns: ["what", "p50", "p99", "max"],
      rows: [
        delays("visible in the cache", visible),
        delays("received by a bare replication client", walsender),
        delays("difference, commit by commit", added),
      ],
    },
  ];
}

function stateTables({ cases: { snapshot, restart, memory, idle } }: Results): Table[] {
  const made: Table[] = [];
  if (snapshot !== undefined) {
    const { rows, first, second, keyed } = snapshot;
    const builds = [
      ["aggregate, table not known yet", first],
      ["aggregate, table known", second],
      ["one row per key, table known", keyed],
    ] as const;
    made.push({
      title: `CREATE CACHE over ${count(rows)} rows`,
      columns: ["cache", "s", "rows/s"],
      rows: builds.map(([what, build]) => [
        what,
        figure(build.milliseconds / 1000),
        count(Math.round(build.rowsPerSecond)),
      ]),
    });
  }
  if (restart !== undefined) {
    made.push({
      title: `Restart with ${mebibytes(restart.diskBytes)} MiB of state`,
      columns: ["after", "ready after ms", "first hit after ms", "RSS MiB", "of it not mapped files, MiB"],
      rows: restart.runs.map((run) => [run.signal, figure(run.readyMs), figure(run.firstHitMs), ...memoryCells(run)]),
    });
  }
  if (memory !== undefined) {
    made.push({
      title: `Freshet's memory with ${mebibytes(memory.diskBytes)} MiB of state`,
      columns: ["when", "RSS MiB", "of it not mapped files, MiB"],
      rows: [
        ...memory.peaks.map((peak) => [`peak in ${peak.case}`, ...memoryCells(peak)]),
        ["at the end", ...memoryCells(memory.idle)],
      ],
    });
  }
  if (idle !== undefined) {
    made.push({
      title: "Idle clients of a pool in mode transaction, after a statement of each",
      columns: ["clients", "RSS MiB", "kB per client"],
      rows: idle.runs.map(({ clients, residentBytes, bytesPerClient }) => [
        count(clients),
        mebibytes(residentBytes),
        figure(bytesPerClient / 1000),
      ]),
    });
  }
  return made;
}

function operatorTables({ cases: { operators } }: Results): Table[] {
  if (operators === undefined) return [];
  const { sizes, runs } = operators;
  const cell = (title: string, size: number): string => {
    const run = runs.find(({ title: other, rows }) => other === title && rows === size);
    return run === undefined ? "" : figure(run.cpuUsPerChange);
  };
  return [
    {
      title: "CPU time of a changed row by operator (µs)",
      columns: ["operator", ...sizes.map((size) => `${count(size)} rows`)],
      rows: [...new Set(runs.map(({ title }) => title))].map((title) => [
        title,
        ...sizes.map((size) => cell(title, size)),
      ]),
    },
  ];
}

function memoryCells({ residentBytes, anonymousBytes }: Memory): string[] {
  return [mebibytes(residentBytes), mebibytes(anonymousBytes)];
}
