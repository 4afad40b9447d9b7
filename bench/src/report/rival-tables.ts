import type { RivalRun, RivalsResult } from "../cases/rivals.ts";
import type { Table } from "./table.ts";
import { count, figure } from "./targets.ts";

const names: Readonly<Record<RivalRun["engine"], string>> = {
  freshet: "Freshet",
  "db-ivm": "@tanstack/db-ivm",
  d2ts: "@electric-sql/d2ts",
  zql: "ZQL",
  pg_ivm: "pg_ivm in PGlite",
  refresh: "REFRESH",
};

const engines = ["freshet", "db-ivm", "d2ts", "zql", "pg_ivm", "refresh"] as const;

/** The engines beside each other, a line per query and size. */
export function rivalTables(rivals: RivalsResult | undefined): Table[] {
  if (rivals === undefined) return [];
  const { runs, sizes, rowsPerCommit, limitSeconds } = rivals;
  const queries = [...new Set(runs.map(({ query }) => query))];
  const table = (title: string, cell: (run: RivalRun) => string): Table => ({
    title,
    columns: ["query", "rows", ...engines.map((engine) => names[engine])],
    rows: queries.flatMap((query) =>
      sizes.map((rows) => [query, count(rows), ...engines.map((engine) => find(runs, engine, query, rows, cell))]),
    ),
  });
  const commits = `commits of ${rowsPerCommit} rows`;
  return [
    table(`CPU seconds of a million changes (or µs of one), ${commits}`, (run) =>
      figure(run.measured?.cpuUsPerChange ?? 0),
    ),
    table(`Changed rows per second, ${commits}`, (run) => count(Math.round(run.measured?.changesPerSecond ?? 0))),
    table(`Seconds until the result is there`, (run) => figure((run.measured?.buildMs ?? 0) / 1000)),
    reasonTable(runs, limitSeconds),
  ];
}

function find(
  runs: readonly RivalRun[],
  engine: RivalRun["engine"],
  query: string,
  rows: number,
  cell: (run: RivalRun) => string,
): string {
  const run = runs.find((each) => each.engine === engine && each.query === query && each.rows === rows);
  return run?.measured == null ? "–" : cell(run);
}

function reasonTable(runs: readonly RivalRun[], limitSeconds: number): Table {
  const seen = new Map<string, string[]>();
  for (const { engine, query, reason } of runs) {
    if (reason === null) continue;
    const line = `${engine} ${query} ${reason}`;
    if (!seen.has(line)) seen.set(line, [names[engine], query, reason.replaceAll(/\s+/g, " ").replaceAll("|", "/")]);
  }
  return {
    title: `What was not measured, and why (a query may take ${limitSeconds} s)`,
    columns: ["engine", "query", "reason"],
    rows: [...seen.values()],
  };
}
