import { mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Results } from "../results.ts";

const LATEST = "latest.json";

/**
 * Writes the run's file, and `latest.json`: a whole run becomes the latest; of one with some of the cases these take the
 * place of the latest's, if the sizes and the machine are the same. Returns the path of the run's own file.
 */
export async function writeResults(folder: string, results: Results, whole: boolean): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${results.startedAt.slice(0, 16).replace(":", "")}-${results.commit}.json`);
  await write(path, results);
  const latest = whole ? results : await merged(folder, results);
  if (latest !== null) await write(join(folder, LATEST), latest);
  return path;
}

async function write(file: string, results: Results): Promise<void> {
  await writeFile(`${file}.tmp`, `${JSON.stringify(results, null, 2)}\n`);
  await rename(`${file}.tmp`, file);
}

async function merged(folder: string, results: Results): Promise<Results | null> {
  if (results.quick || !(await readdir(folder)).includes(LATEST)) return null;
  const latest = await readLatest(folder);
  if (!isLike(latest, results)) return null;
  const caseRuns = { ...latest.caseRuns, ...results.caseRuns };
  return { ...latest, caseRuns, cases: { ...latest.cases, ...results.cases } };
}

export async function readLatest(folder: string): Promise<Results> {
  return JSON.parse(await readFile(join(folder, LATEST), "utf8")) as Results;
}

/** The newest earlier run with the same sizes on a machine like this; null when there is none. */
export async function earlier(folder: string, results: Results): Promise<Results | null> {
  await mkdir(folder, { recursive: true });
  let newest: Results | null = null;
  for (const name of await readdir(folder)) {
    if (!name.endsWith(".json") || name === LATEST) continue;
    const candidate = JSON.parse(await readFile(join(folder, name), "utf8")) as Results;
    if (!isLike(candidate, results) || candidate.startedAt >= results.startedAt) continue;
    if (newest === null || candidate.startedAt > newest.startedAt) newest = candidate;
  }
  return newest;
}

function isLike(one: Results, other: Results): boolean {
  const [a, b] = [one, other].map(({ scale, seconds, quick, machine: { processor, cores } }) =>
    JSON.stringify([scale, seconds, quick, processor, cores]),
  );
  return a === b;
}
