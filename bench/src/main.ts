import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { now } from "@freshet/base";
import { drawSvg } from "./charts/draw.ts";
import { pictureFiles } from "./charts/pictures.ts";
import { type BenchOptions, caseNames, readRequest, usage } from "./options.ts";
import { comparison } from "./report/compare.ts";
import { earlier, readLatest, writeResults } from "./report/result-files.ts";
import { markdownReport, printed } from "./report/tables.ts";
import type { Results } from "./results.ts";
import { run } from "./run.ts";
import { Resources } from "./system/resources.ts";

const resultsFolder = fileURLToPath(new URL("../results", import.meta.url));
const reportFile = fileURLToPath(new URL("../../docs/performance.md", import.meta.url));

/** `npm run bench` and `npm run bench:report`. */
async function main(): Promise<void> {
  const request = readRequest(process.argv.slice(2), resultsFolder);
  switch (request.kind) {
    case "help":
      process.stdout.write(usage);
      return;
    case "report":
      await report(await readLatest(request.results));
      return;
    case "run":
      await bench(request.options);
  }
}

async function report(results: Results): Promise<void> {
  await writeFile(reportFile, markdownReport(results));
  for (const { file, spec } of pictureFiles(results.cases)) {
    await writeFile(join(dirname(reportFile), file), await drawSvg(spec));
  }
}

async function bench(options: BenchOptions): Promise<void> {
  const resources = new Resources();
  stopOnSignals(resources);
  try {
    const started = now();
    const log = (text: string): void => {
      process.stderr.write(`${((now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}\n`);
    };
    const results = await run(options, resources, log);
    const whole = !options.quick && options.cases.length === caseNames.length;
    const before = await earlier(options.results, results);
    const path = await writeResults(options.results, results, whole);
    process.stdout.write(`\n${printed(results)}\n${comparison(before, results)}\nresults: ${path}\n`);
  } finally {
    await resources.stopAll();
  }
}

/** What was started goes away before the process does. */
function stopOnSignals(resources: Resources): void {
  for (const [signal, status] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    process.once(signal, () => {
      interrupted = true;
      resources.stopAll().then(() => process.exit(status), fail);
    });
  }
}

let interrupted = false;

function fail(thrown: unknown): void {
  // What an interrupted run fails of is only that it was interrupted.
  if (interrupted) return;
  process.stderr.write(`${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
  process.exit(1);
}

main().catch(fail);
