import { execFile } from "node:child_process";
import { cpus, totalmem } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { isoTime } from "@freshet/base";
import { Bench } from "./bench.ts";
import { measureChanges } from "./cases/changes.ts";
import { measureFreshness } from "./cases/freshness.ts";
import { measureFronts } from "./cases/fronts.ts";
import { measureHits } from "./cases/hits.ts";
import { measureIdle } from "./cases/idle.ts";
import { type MemoryResult, measureMemory } from "./cases/memory.ts";
import { measureMixed } from "./cases/mixed.ts";
import { measureOperators } from "./cases/operators.ts";
import { measurePartial } from "./cases/partial.ts";
import { measureQueries } from "./cases/queries.ts";
import { measureRestart } from "./cases/restart.ts";
import { measureRivals } from "./cases/rivals.ts";
import { measureScale } from "./cases/scale.ts";
import { measureSnapshot } from "./cases/snapshot.ts";
import type { BenchOptions, CaseName } from "./options.ts";
import type { CaseResults, Results } from "./results.ts";
import { Freshet } from "./system/freshet.ts";
import { MemoryWatch } from "./system/memory-watch.ts";
import type { Resources } from "./system/resources.ts";
import { startUpstream, upstreamSettings } from "./system/upstream.ts";

/** One run: everything is started for it and in it, so that its figures can be compared. */
export async function run(options: BenchOptions, resources: Resources, log: (text: string) => void): Promise<Results> {
  const startedAt = isoTime();
  log("starting PostgreSQL and Freshet ...");
  const upstream = await resources.start(startUpstream);
  const freshet = await resources.start(() => Freshet.start(upstream, "bench"));
  const bench = new Bench(options, upstream, freshet, resources, log);
  const watch = await resources.start(async () => new MemoryWatch(() => freshet.pid));
  const cases = await runCases(bench, watch);
  const commit = await sourceCommit();
  return {
    startedAt,
    commit,
    machine: {
      processor: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      memoryBytes: totalmem(),
      node: process.version,
      postgresql: upstream.version,
    },
    scale: options.scale,
    seconds: options.seconds,
    quick: options.quick,
    upstreamSettings,
    caseRuns: Object.fromEntries(options.cases.map((name) => [name, `${startedAt.slice(0, 16)}, commit ${commit}`])),
    cases,
  };
}

async function runCases(bench: Bench, watch: MemoryWatch): Promise<CaseResults> {
  let cases: CaseResults = {};
  const peaks: MemoryResult["peaks"][number][] = [];
  for (const name of bench.options.cases) {
    cases = { ...cases, ...(await runCase(name, bench, peaks)) };
    peaks.push({ case: name, ...(await watch.takePeak()) });
  }
  return cases;
}

async function runCase(name: CaseName, bench: Bench, peaks: MemoryResult["peaks"]): Promise<CaseResults> {
  switch (name) {
    case "snapshot":
      return { snapshot: await measureSnapshot(bench) };
    case "hits":
      return { hits: await measureHits(bench) };
    case "fronts":
      return { fronts: await measureFronts(bench) };
    case "queries":
      return { queries: await measureQueries(bench) };
    case "partial":
      return { partial: await measurePartial(bench) };
    case "changes":
      return { changes: await measureChanges(bench) };
    case "freshness":
      return { freshness: await measureFreshness(bench) };
    case "mixed":
      return { mixed: await measureMixed(bench) };
    case "restart":
      return { restart: await measureRestart(bench) };
    case "memory":
      return { memory: await measureMemory(bench, peaks) };
    case "idle":
      return { idle: await measureIdle(bench) };
    case "operators":
      return { operators: await measureOperators(bench) };
    case "scale":
      return { scale: await measureScale(bench) };
    case "rivals":
      return { rivals: await measureRivals(bench) };
  }
}

/** The abbreviated commit that was built; "unknown" outside a git repository. */
function sourceCommit(): Promise<string> {
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  return new Promise((resolve) => {
    execFile("git", ["rev-parse", "--short", "HEAD"], { cwd }, (error, stdout) => {
      resolve(error === null ? stdout.trim() : "unknown");
    });
  });
}
