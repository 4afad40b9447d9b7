import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Load, LoadResult } from "./load.ts";

const program = fileURLToPath(new URL("load-process.js", import.meta.url));

/** Runs a load in a process of its own, so that nothing else runs on its event loop. */
export async function runOwnLoad(load: Load): Promise<LoadResult> {
  const child = fork(program);
  const result = new Promise<LoadResult>((resolve, reject) => {
    child.once("message", (message: LoadResult) => resolve(message));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the load generator failed (exit code ${code})`)));
  });
  const ended = once(child, "exit");
  child.send(load);
  const measured = await result;
  await ended;
  return measured;
}
