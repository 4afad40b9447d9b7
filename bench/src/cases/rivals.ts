import { createHash } from "node:crypto";
import { now } from "@freshet/base";
import { planStatement, type QueryPlan } from "@freshet/sql";
import pg from "pg";
import type { Bench } from "../bench.ts";
import { analysisConnection } from "../operators/analysis-connection.ts";
import type { RivalPlans } from "../rivals/freshet-engine.ts";
import {
  FIRST_COMMITS,
  ROWS_PER_COMMIT,
  type RivalAnswer,
  type RivalEngineName,
  type RivalTimes,
  rivalEngines,
} from "../rivals/rival-task.ts";
import { type Failure, runRival } from "../rivals/run-rival.ts";
import { type RivalQuery, rivalQueries, rivalQueryNames, rivalSchema, Workload } from "../rivals/workload.ts";
import { medianBy } from "../statistics.ts";
import { cpuMicroseconds } from "../system/process-usage.ts";

export interface RivalRun {
  readonly engine: RivalEngineName | "refresh";
  readonly query: RivalQuery;
  readonly rows: number;
  /** Null: not measured, for the reason. */
  readonly measured: RivalTimes | null;
  readonly reason: string | null;
}

export interface RivalsResult {
  readonly sizes: readonly number[];
  readonly rowsPerCommit: number;
  /** Of a query, with its build; what takes longer is stopped. */
  readonly limitSeconds: number;
  readonly runs: readonly RivalRun[];
}

const CHECKED_ROWS = 2000;
const REFRESHES = 3;
const LIMIT_MS = 45_000;
/** Of the comparison of answers, which fails when it is exceeded: enough for a machine that is busy. */
const CHECK_LIMIT_MS = 300_000;

/** The engine alone against other engines on the same changes, and against REFRESH MATERIALIZED VIEW. */
export async function measureRivals(bench: Bench): Promise<RivalsResult> {
  const { scale, quick } = bench.options;
  const sizes = quick ? [Math.min(1000, scale)] : [scale / 100, scale / 10, scale].filter((size) => size >= 1000);
  const { sql } = bench.upstream;
  await sql.run(`CREATE SCHEMA rivals; SET search_path = rivals; ${rivalSchema}`);
  const plans = await planQueries(bench);
  await checkAnswers(bench, plans);
  const runs: RivalRun[] = [];
  for (const rows of sizes) {
    bench.log(`rivals: REFRESH MATERIALIZED VIEW over ${rows} rows ...`);
    runs.push(...(await measureRefresh(bench, rows)));
    for (const engine of rivalEngines) {
      bench.log(`rivals: ${engine} over ${rows} rows ...`);
      runs.push(...(await measureEngine(bench, engine, rows, plans, runs)));
    }
  }
  await sql.run("DROP SCHEMA rivals CASCADE; RESET search_path");
  return { sizes, rowsPerCommit: ROWS_PER_COMMIT, limitSeconds: LIMIT_MS / 1000, runs };
}

async function planQueries({ upstream }: Bench): Promise<RivalPlans> {
  const oid = async (table: string): Promise<number> =>
    Number(await upstream.sql.value(`SELECT 'rivals.${table}'::regclass::oid`));
  const client = new pg.Client({ connectionString: upstream.url });
  await client.connect();
  try {
    const connection = analysisConnection(client);
    const planned: [RivalQuery, QueryPlan][] = [];
    for (const query of rivalQueryNames) {
      const { sql: text } = rivalQueries[query];
      const { plan } = await planStatement(connection, { text, searchPath: ["rivals"], liftLiterals: false });
      planned.push([query, plan]);
    }
    const plans = Object.fromEntries(planned) as Record<RivalQuery, QueryPlan>;
    return { facts: await oid("facts"), dims: await oid("dims"), plans };
  } finally {
    await client.end();
  }
}

/** Throws unless each engine gives PostgreSQL's answers after the same changes: a wrong answer's time is worth nothing. */
async function checkAnswers(bench: Bench, plans: RivalPlans): Promise<void> {
  const workload = new Workload(CHECKED_ROWS);
  for (let at = 0; at < FIRST_COMMITS; at++) workload.nextCommit(ROWS_PER_COMMIT);
  await loadTables(bench, workload);
  const wanted = new Map<RivalQuery, string>();
  for (const query of rivalQueryNames) {
    const rows = await bench.upstream.sql.rows(rivalQueries[query].sql);
    wanted.set(query, fingerprint(rows.map((row) => row.join("|"))));
  }
  for (const engine of rivalEngines) {
    bench.log(`rivals: comparing the answers of ${engine} ...`);
    const task = { engine, want: "results", rows: CHECKED_ROWS, queries: rivalQueryNames, plans, seconds: 1 } as const;
    for (const answer of await runRival(task, CHECK_LIMIT_MS)) {
      if (answer.kind === "failed") throw new Error(`${engine}, ${answer.query}: ${answer.reason}`);
      if (answer.kind === "results" && fingerprint(answer.lines) !== wanted.get(answer.query)) {
        throw new Error(`the answer of ${engine} differs from PostgreSQL's: ${answer.query}`);
      }
    }
  }
}

function fingerprint(lines: readonly string[]): string {
  return createHash("sha256").update(lines.toSorted().join("\n")).digest("hex");
}

async function loadTables({ upstream: { sql } }: Bench, { facts, dims }: Workload): Promise<void> {
  await sql.run("TRUNCATE facts, dims");
  const arrays = (rows: readonly (readonly number[])[], width: number): string[] =>
    Array.from({ length: width }, (_, at) => `{${rows.map((row) => row[at]).join(",")}}`);
  await sql.rows(
    "INSERT INTO facts SELECT * FROM unnest($1::int[], $2::int[], $3::int[], $4::int[])",
    arrays(facts, 4),
  );
  await sql.rows("INSERT INTO dims SELECT * FROM unnest($1::int[], $2::int[])", arrays(dims, 2));
  await sql.run("ANALYZE facts, dims");
}

/** What one commit would cost if the whole answer were made anew after it. */
async function measureRefresh(bench: Bench, rows: number): Promise<RivalRun[]> {
  const { sql, pid } = bench.upstream;
  await loadTables(bench, new Workload(rows));
  const runs: RivalRun[] = [];
  for (const query of rivalQueryNames) {
    const building = now();
    await sql.run(`CREATE MATERIALIZED VIEW refreshed AS ${rivalQueries[query].sql}`);
    const buildMs = now() - building;
    const refreshes: { readonly ms: number; readonly cpuUs: number }[] = [];
    for (let turn = 0; turn < REFRESHES; turn++) {
      const cpuBefore = await cpuMicroseconds(pid);
      const started = now();
      await sql.run("REFRESH MATERIALIZED VIEW refreshed");
      refreshes.push({ ms: now() - started, cpuUs: (await cpuMicroseconds(pid)) - cpuBefore });
    }
    await sql.run("DROP MATERIALIZED VIEW refreshed");
    const { ms, cpuUs } = medianBy(refreshes, (refresh) => refresh.ms);
    const measured = {
      buildMs,
      changes: ROWS_PER_COMMIT,
      changesPerSecond: ROWS_PER_COMMIT / (ms / 1000),
      cpuUsPerChange: cpuUs / ROWS_PER_COMMIT,
    };
    runs.push({ engine: "refresh", query, rows, measured, reason: null });
  }
  return runs;
}

/** A query that an engine did not get done with fewer rows is not tried again. */
async function measureEngine(
  { options }: Bench,
  engine: RivalEngineName,
  rows: number,
  plans: RivalPlans,
  before: readonly RivalRun[],
): Promise<RivalRun[]> {
  const lost = before.filter((run) => run.engine === engine && run.measured === null);
  const queries = rivalQueryNames.filter((query) => !lost.some((run) => run.query === query));
  const task = { engine, want: "times", rows, queries, plans, seconds: options.quick ? 0.2 : 1 } as const;
  const answers = await runRival(task, LIMIT_MS);
  const skipped = rivalQueryNames.flatMap((query) => {
    const run = lost.find((each) => each.query === query);
    return run === undefined ? [] : [{ ...run, rows }];
  });
  return [...answers.map((answer) => runOf(engine, rows, answer)), ...skipped];
}

function runOf(engine: RivalEngineName, rows: number, answer: RivalAnswer | Failure): RivalRun {
  const { kind, query } = answer;
  if (kind === "results") throw new Error(`${engine} was asked for times of ${query}`);
  const [measured, reason] = kind === "times" ? [answer.times, null] : [null, answer.reason];
  return { engine, query, rows, measured, reason };
}
