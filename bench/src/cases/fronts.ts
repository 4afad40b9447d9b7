import type { Bench } from "../bench.ts";
import { accountsQuery } from "../data/tables.ts";
import type { LoadResult } from "../load/load.ts";
import { runOwnLoad } from "../load/own-load.ts";
import { runPgbench } from "../load/pgbench.ts";
import { takeTurns } from "../load/take-turns.ts";
import { findProgram } from "../system/find-program.ts";
import { Freshet } from "../system/freshet.ts";
import { cpuMicroseconds } from "../system/process-usage.ts";
import type { Stolen } from "../system/stolen-time.ts";

/** The calmest of several slices. */
export interface FrontsRun extends SliceOfFronts, Stolen {}

interface SliceOfFronts extends LoadResult {
  readonly fronts: number;
  readonly clients: number;
  /** Of all processes of the instance. */
  readonly cpuUsPerTransaction: number;
}

/** Cached point look-ups by prepared statements, with one process that serves clients and with two. */
export interface FrontsResult {
  readonly rows: number;
  readonly runs: readonly FrontsRun[];
}

const COUNTS = [1, 2] as const;
const CACHE = "accounts";
/** So long each instance runs until all of its processes have compiled what they use. */
const WARM_UP_SECONDS = 6;

export async function measureFronts(bench: Bench): Promise<FrontsResult> {
  await bench.accounts();
  const { upstream, resources, options } = bench;
  const instances = new Map<number, Freshet>();
  for (const fronts of COUNTS) {
    bench.log(`fronts: making an instance of ${fronts} ...`);
    const more = (): Promise<readonly string[]> => Promise.resolve(["--fronts", String(fronts)]);
    const freshet = await resources.start(() => Freshet.start(upstream, `bench_fronts_${fronts}`, more));
    const sql = await freshet.sql();
    await sql.run(`CREATE CACHE ${CACHE} FROM ${accountsQuery}`);
    instances.set(fronts, freshet);
  }
  const pgbench = await findProgram("pgbench");
  const runs: FrontsRun[] = [];
  if (!options.quick) for (const each of instances) await slice(bench, each, 8, WARM_UP_SECONDS, pgbench);
  for (const clients of options.quick ? [8] : [8, 32]) {
    bench.log(`fronts: ${clients} clients ...`);
    runs.push(
      ...(await takeTurns([...instances], { ...options, log: bench.log }, (each, seconds) =>
        slice(bench, each, clients, seconds, pgbench),
      )),
    );
  }
  for (const [fronts, freshet] of instances) {
    await resources.stop(freshet);
    await upstream.sql.run(`SELECT pg_drop_replication_slot('bench_fronts_${fronts}')`);
  }
  return { rows: options.scale, runs };
}

async function slice(
  bench: Bench,
  [fronts, freshet]: readonly [fronts: number, freshet: Freshet],
  clients: number,
  seconds: number,
  pgbench: string | null,
): Promise<SliceOfFronts> {
  const load = { server: freshet, clients, seconds, sql: accountsQuery, keys: bench.options.scale };
  const [hitsBefore, cpuBefore] = [await hits(freshet), await cpuMicroseconds(freshet.pid)];
  const prepared = { ...load, protocol: "prepared" } as const;
  const result = await (pgbench === null ? runOwnLoad(prepared) : runPgbench(pgbench, prepared));
  const cpu = (await cpuMicroseconds(freshet.pid)) - cpuBefore;
  const share = ((await hits(freshet)) - hitsBefore) / result.transactions;
  if (share < 0.99) throw new Error(`only ${share} of the statements were hits with ${fronts} fronts`);
  return { fronts, clients, ...result, cpuUsPerTransaction: cpu / result.transactions };
}

async function hits(freshet: Freshet): Promise<number> {
  const sql = await freshet.sql();
  return Number((await sql.rows("SHOW CACHES")).find(([name]) => name === CACHE)?.[8]);
}
