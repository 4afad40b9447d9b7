import { planStatement, type QueryPlan } from "@freshet/sql";
import pg from "pg";
import type { Bench } from "../bench.ts";
import { analysisConnection } from "../operators/analysis-connection.ts";
import { OperatorEngine, type OperatorTables } from "../operators/operator-engine.ts";
import { operatorQueries, operatorSchema } from "../operators/operator-queries.ts";

const ROWS_PER_COMMIT = 10;
const WARM_UP_COMMITS = 20;
const COMMITS = 200;
/** Of queries whose changes reach over many rows. */
const FEW_COMMITS = 20;
const QUICK_COMMITS = 5;

export interface OperatorRun {
  readonly title: string;
  /** Rows of the table that changes. */
  readonly rows: number;
  readonly buildMs: number;
  readonly cpuUsPerChange: number;
}

export interface OperatorsResult {
  readonly sizes: readonly number[];
  readonly runs: readonly OperatorRun[];
}

interface PlannedQuery {
  readonly title: string;
  readonly most: number;
  readonly plan: QueryPlan;
}

/** CPU time per changed row of each operator, by the rows of its state: the engine alone, one commit after the other. */
export async function measureOperators(bench: Bench): Promise<OperatorsResult> {
  const { scale } = bench.options;
  const sizes = [scale / 100, scale / 10, scale].filter((size) => size >= 1000);
  const { sql } = bench.upstream;
  await sql.run(operatorSchema);
  const tables: OperatorTables = {
    facts: Number(await sql.value("SELECT 'operators.facts'::regclass::oid")),
    dims: Number(await sql.value("SELECT 'operators.dims'::regclass::oid")),
  };
  const planned = await planQueries(bench);
  const runs: OperatorRun[] = [];
  for (const rows of sizes) {
    bench.log(`operators over ${rows} rows ...`);
    const engine = await OperatorEngine.open(tables, rows);
    try {
      for (const query of planned.filter(({ most }) => rows <= most)) {
        const run = await measure(engine, query, rows, bench.options.quick);
        bench.log(`  ${run.title}: ${run.cpuUsPerChange.toFixed(1)} µs, built in ${(run.buildMs / 1000).toFixed(1)} s`);
        runs.push(run);
      }
    } finally {
      await engine.close();
    }
  }
  return { sizes, runs };
}

async function planQueries(bench: Bench): Promise<readonly PlannedQuery[]> {
  const client = new pg.Client({ connectionString: bench.upstream.url });
  await client.connect();
  try {
    const connection = analysisConnection(client);
    const planned: PlannedQuery[] = [];
    for (const { title, text, most } of operatorQueries) {
      const { plan } = await planStatement(connection, { text, searchPath: ["operators"], liftLiterals: false });
      planned.push({ title, most: most ?? Number.POSITIVE_INFINITY, plan });
    }
    return planned;
  } finally {
    await client.end();
  }
}

async function measure(
  engine: OperatorEngine,
  { title, most, plan }: PlannedQuery,
  rows: number,
  quick: boolean,
): Promise<OperatorRun> {
  const buildMs = await engine.build(plan);
  const isFar = Number.isFinite(most);
  await engine.change(isFar || quick ? 1 : WARM_UP_COMMITS, ROWS_PER_COMMIT);
  const commits = isFar ? FEW_COMMITS : COMMITS;
  const cpuUsPerChange = await engine.change(quick ? QUICK_COMMITS : commits, ROWS_PER_COMMIT);
  await engine.drop();
  return { title, rows, buildMs, cpuUsPerChange };
}
