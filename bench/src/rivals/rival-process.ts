import process from "node:process";
import { now } from "@freshet/base";
import { openD2ts } from "./d2ts-engine.ts";
import { openDbIvm } from "./db-ivm-engine.ts";
import { type RivalEngine, Unsupported } from "./engine.ts";
import { openFreshet } from "./freshet-engine.ts";
import { openPgIvm } from "./pg-ivm-engine.ts";
import { FIRST_COMMITS, type RivalAnswer, type RivalTask, type RivalTimes, ROWS_PER_COMMIT } from "./rival-task.ts";
import { type RivalQuery, Workload } from "./workload.ts";
import { openZql } from "./zql-engine.ts";

const MOST_COMMITS = 1000;
const WARM_UP_COMMITS = 20;

// Also when the parent goes before its time.
process.once("disconnect", () => process.exit());

/** A rival's own process: takes one task from its parent and answers query by query. */
process.once("message", (task: RivalTask) => {
  carryOut(task).then(
    () => process.disconnect(),
    (thrown: unknown) => {
      process.stderr.write(`${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
      process.exit(1);
    },
  );
});

function open({ engine, plans }: RivalTask): Promise<RivalEngine | string> {
  switch (engine) {
    case "freshet":
      return Promise.resolve(openFreshet(plans));
    case "db-ivm":
      return openDbIvm();
    case "d2ts":
      return openD2ts();
    case "zql":
      return openZql();
    case "pg_ivm":
      return openPgIvm();
  }
}

/** For results each query begins with the same tables, so that all engines have seen the same changes. */
async function carryOut(task: RivalTask): Promise<void> {
  const engine = await open(task);
  if (typeof engine === "string") {
    for (const query of task.queries) await send({ kind: "absent", query, reason: engine });
    return;
  }
  let workload = new Workload(task.rows);
  for (const query of task.queries) {
    await send(await answer(engine, workload, query, task));
    if (task.want === "times") continue;
    await engine.forgetTables();
    workload = new Workload(task.rows);
  }
  await engine.close();
}

async function answer(
  engine: RivalEngine,
  workload: Workload,
  query: RivalQuery,
  { want, seconds }: RivalTask,
): Promise<RivalAnswer> {
  const started = now();
  try {
    await engine.build(query, workload.facts, workload.dims);
  } catch (thrown) {
    if (thrown instanceof Unsupported) return { kind: "absent", query, reason: thrown.message };
    throw thrown;
  }
  const buildMs = now() - started;
  const commit = async (): Promise<void> => engine.apply(workload.nextCommit(ROWS_PER_COMMIT));
  for (let at = 0; at < FIRST_COMMITS; at++) await commit();
  const said: RivalAnswer =
    want === "results"
      ? { kind: "results", query, lines: await engine.result() }
      : { kind: "times", query, times: { buildMs, ...(await measure(commit, seconds)) } };
  await engine.drop();
  return said;
}

async function measure(commit: () => Promise<void>, seconds: number): Promise<Omit<RivalTimes, "buildMs">> {
  const warmUntil = now() + (seconds * 1000) / 4;
  for (let at = 0; at < WARM_UP_COMMITS && now() < warmUntil; at++) await commit();
  const cpu = process.cpuUsage();
  const started = now();
  let commits = 0;
  while (commits === 0 || (commits < MOST_COMMITS && now() - started < seconds * 1000)) {
    await commit();
    commits++;
  }
  const { user, system } = process.cpuUsage(cpu);
  const changes = commits * ROWS_PER_COMMIT;
  return {
    changes,
    changesPerSecond: changes / ((now() - started) / 1000),
    cpuUsPerChange: (user + system) / changes,
  };
}

function send(answerOf: RivalAnswer): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(answerOf, undefined, undefined, (error) => (error === null ? resolve() : reject(error)));
  });
}
