import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Results } from "../results.ts";

const LATEST = "latest.json";

/** Writes the run's file; a whole run also becomes the latest. Returns the path. */
export async function writeResults(folder: string, results: Results, whole: boolean): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${results.startedAt.slice(0, 10)}-${results.commit}.json`);
  const text = `${JSON.stringify(results, null, 2)}\n`;
  for (const file of whole ? [path, join(folder, LATEST)] : [path]) {
    await writeFile(`${file}.tmp`, text);
    await rename(`${file}.tmp`, file);
  }
  return path;
}

export async function readLatest(folder: string): Promise<Results> {
  return JSON.parse(await readFile(join(folder, LATEST), "utf8")) as Results;
}
