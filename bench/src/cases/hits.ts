import type { Connection } from "@freshet/postgres";
import type { Bench } from "../bench.ts";
import { startCanned } from "../canned/start-canned.ts";
import { accountsQuery } from "../data/tables.ts";
import { type LoadResult, NothingDone, type Protocol, protocols } from "../load/load.ts";
import { runOwnLoad } from "../load/own-load.ts";
import { runPgbench } from "../load/pgbench.ts";
import { takeTurns } from "../load/take-turns.ts";
import { findProgram } from "../system/find-program.ts";
import { Freshet } from "../system/freshet.ts";
import { startPgBouncer } from "../system/pgbouncer.ts";
import { cpuMicroseconds } from "../system/process-usage.ts";
import type { Stolen } from "../system/stolen-time.ts";

export type HitTarget = "postgresql" | "freshet" | "freshet-pass-through" | "canned" | "pgbouncer";

/** The calmest of several slices. */
export interface HitRun extends SliceOfHits, Stolen {}

interface SliceOfHits extends LoadResult {
  readonly target: HitTarget;
  readonly protocol: Protocol;
  readonly clients: number;
  /** Of the server's process; PostgreSQL's with all its backends. */
  readonly cpuUsPerTransaction: number;
  /** Share of the statements that were answered from the cache; null where there is none. */
  readonly hitShare: number | null;
}

export interface HitsResult {
  readonly rows: number;
  readonly generator: "pgbench" | "own";
  readonly runs: readonly HitRun[];
}

interface Contender {
  readonly target: HitTarget;
  readonly server: Connection;
  readonly pid: number;
}

/** So long each contender runs until it has compiled and cached what it uses with a protocol. */
const WARM_UP_SECONDS = 3;

/** Cached point look-ups against everything else that could answer them. */
export async function measureHits(bench: Bench): Promise<HitsResult> {
  await bench.cachedAccounts();
  for (const key of sampleKeys(bench.options.scale)) await bench.expectHit(accountsQuery.replace("$1", String(key)));
  const pgbench = await findProgram("pgbench");
  const contenders = await startContenders(bench);
  const clientCounts = bench.options.quick ? [8] : [1, 8, 32];
  const runs: HitRun[] = [];
  for (const protocol of protocols) {
    if (!bench.options.quick)
      for (const { contender } of contenders) await slice(bench, contender, protocol, 8, WARM_UP_SECONDS, pgbench);
    for (const clients of clientCounts) {
      bench.log(`hits: ${protocol}, ${clients} clients ...`);
      const measured = takeTurns(contenders, { ...bench.options, log: bench.log }, ({ contender }, seconds) =>
        slice(bench, contender, protocol, clients, seconds, pgbench),
      );
      runs.push(...(await measured));
    }
  }
  for (const { stop } of contenders) await stop();
  return { rows: bench.options.scale, generator: pgbench === null ? "own" : "pgbench", runs };
}

interface Started {
  readonly contender: Contender;
  readonly stop: () => Promise<void>;
}

async function startContenders(bench: Bench): Promise<Started[]> {
  const { upstream, freshet, resources } = bench;
  const keep = async (): Promise<void> => undefined;
  const started: Started[] = [
    { contender: { target: "postgresql", server: upstream, pid: upstream.pid }, stop: keep },
    { contender: { target: "freshet", server: freshet, pid: freshet.pid }, stop: keep },
  ];
  // An instance of its own without caches: everything it is asked goes upstream.
  const relay = await resources.start(() => Freshet.start(upstream, "bench_relay"));
  const stopRelay = async (): Promise<void> => {
    await resources.stop(relay);
    await upstream.sql.run("SELECT pg_drop_replication_slot('bench_relay')");
  };
  started.push({ contender: { target: "freshet-pass-through", server: relay, pid: relay.pid }, stop: stopRelay });
  const canned = await resources.start(startCanned);
  started.push({
    contender: { target: "canned", server: canned, pid: canned.pid },
    stop: () => resources.stop(canned),
  });
  const program = await findProgram("pgbouncer");
  if (program !== null) {
    const bouncer = await resources.start(() => startPgBouncer(program, upstream));
    started.push({
      contender: { target: "pgbouncer", server: bouncer, pid: bouncer.pid },
      stop: () => resources.stop(bouncer),
    });
  }
  return started;
}

async function slice(
  bench: Bench,
  { target, server, pid }: Contender,
  protocol: Protocol,
  clients: number,
  seconds: number,
  pgbench: string | null,
): Promise<SliceOfHits> {
  const load = { server, protocol, clients, seconds, sql: accountsQuery, keys: bench.options.scale };
  const hitsBefore = target === "freshet" ? (await bench.counters("accounts")).hits : 0;
  const cpuBefore = await cpuMicroseconds(pid);
  const result = await (pgbench === null ? runOwnLoad(load) : runPgbench(pgbench, load));
  const cpu = (await cpuMicroseconds(pid)) - cpuBefore;
  if (result.transactions === 0)
    throw new NothingDone(`${target} answered nothing in ${seconds} s (${protocol}, ${clients} clients)`);
  const hits = target === "freshet" ? (await bench.counters("accounts")).hits - hitsBefore : null;
  const hitShare = hits === null ? null : hits / result.transactions;
  if (hitShare !== null && hitShare < 0.99) throw new Error(`only ${hitShare} of the statements were hits`);
  return { target, protocol, clients, ...result, cpuUsPerTransaction: cpu / result.transactions, hitShare };
}

function sampleKeys(rows: number): readonly number[] {
  return Array.from({ length: 100 }, (_, index) => 1 + ((index * 7919) % rows));
}
