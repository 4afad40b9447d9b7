import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { RivalAnswer, RivalTask } from "./rival-task.ts";
import type { RivalQuery } from "./workload.ts";

const program = fileURLToPath(new URL("rival-process.js", import.meta.url));
const HEAP_MIB = 6144;

/** A query that an engine did not get done. */
export interface Failure {
  readonly kind: "failed";
  readonly query: RivalQuery;
  readonly reason: string;
}

/**
 * Carries out a task in a process of its own. A query that takes longer than the limit, or ends the process, has failed;
 * the queries after it get another process.
 */
export async function runRival(task: RivalTask, limitMs: number): Promise<readonly (RivalAnswer | Failure)[]> {
  const answers: (RivalAnswer | Failure)[] = [];
  for (let queries = task.queries; queries.length > 0; queries = task.queries.slice(answers.length)) {
    const failure = await runOnce({ ...task, queries }, limitMs, (answer) => answers.push(answer));
    const query = task.queries[answers.length];
    if (failure !== null && query !== undefined) answers.push({ kind: "failed", query, reason: failure });
    else if (query !== undefined) throw new Error(`the process of ${task.engine} ended without an answer to ${query}`);
  }
  return answers;
}

/** Resolves with null when all is done, else with what went wrong. */
function runOnce(task: RivalTask, limitMs: number, take: (answer: RivalAnswer) => void): Promise<string | null> {
  const child = fork(program, {
    serialization: "advanced",
    execArgv: [`--max-old-space-size=${HEAP_MIB}`],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const errors = lastLines(child);
  return new Promise((resolve, reject) => {
    let reason: string | null = null;
    const stop = (): void => {
      reason = `over ${limitMs / 1000} s`;
      child.kill("SIGKILL");
    };
    let timer = setTimeout(stop, limitMs);
    child.on("message", (answer: RivalAnswer) => {
      clearTimeout(timer);
      timer = setTimeout(stop, limitMs);
      take(answer);
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      clearTimeout(timer);
      if (code === 0) resolve(null);
      else resolve(reason ?? (errors().includes("heap out of memory") ? "out of memory" : errors()));
    });
    child.send(task);
  });
}

function lastLines(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-4000);
  });
  return () => text.trim() || "the process ended";
}
