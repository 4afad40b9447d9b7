import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { environment } from "@freshet/base";
import { distribution } from "../statistics.ts";
import { type Load, type LoadResult, NothingDone } from "./load.ts";

/** pgbench writes down one in ten transactions for the percentiles. */
const SAMPLING_RATE = 0.1;
const LOGIN_MS = 30;

/** Runs a load with PostgreSQL's own pgbench, in one thread. */
export async function runPgbench(program: string, load: Load): Promise<LoadResult> {
  const folder = await mkdtemp(join(tmpdir(), "freshet-bench-pgbench-"));
  try {
    const script = join(folder, "script.sql");
    const draw = load.keys === 0 ? "" : `\\set key random(1, ${load.keys})\n`;
    await writeFile(script, `${draw}${load.sql.replace("$1", ":key")};\n`);
    const output = await run(program, load, script, join(folder, "log"));
    const logs = (await readdir(folder)).filter((name) => name.startsWith("log"));
    const lines = (await Promise.all(logs.map((name) => readFile(join(folder, name), "utf8")))).join("");
    return summary(output, lines);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function run(program: string, load: Load, script: string, logPrefix: string): Promise<string> {
  const { host, port, user, password, database } = load.server;
  const args = [
    ["-n", "-h", host, "-p", String(port), "-U", user, "-M", load.protocol, "-c", String(load.clients), "-j", "1"],
    ["-T", String(runSeconds(load)), "-f", script, "--log", "--log-prefix", logPrefix],
    ["--sampling-rate", String(SAMPLING_RATE), database],
  ].flat();
  const env = { ...environment(), PGPASSWORD: password, PGSSLMODE: "disable", PGGSSENCMODE: "disable" };
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  if (code !== 0) throw new Error(`pgbench failed (exit code ${code}):\n${errors}`);
  return output;
}

/** pgbench's clock runs while its clients log in, one after the other, which takes some 20 ms each; its rates do not count that time. */
function runSeconds({ seconds, clients }: Load): number {
  return seconds + Math.ceil((clients * LOGIN_MS) / 1000);
}

/** Each line of the log: client, transaction, microseconds, script, seconds, microseconds of the end. */
function summary(output: string, log: string): LoadResult {
  const figure = (pattern: RegExp): number => {
    const match = pattern.exec(output);
    if (match === null) throw new Error(`pgbench printed no ${pattern.source}:\n${output}`);
    return Number(match[1]);
  };
  const samples = log
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Number(line.split(" ")[2]));
  const transactions = figure(/transactions actually processed: (\d+)/);
  if (samples.length === 0)
    throw new NothingDone(`pgbench wrote down none of ${transactions} transactions:\n${output}`);
  const { p50, p99 } = distribution(samples);
  return {
    transactions,
    tps: figure(/^tps = ([\d.]+)/m),
    meanUs: figure(/^latency average = ([\d.]+) ms/m) * 1000,
    p50Us: p50,
    p99Us: p99,
  };
}
