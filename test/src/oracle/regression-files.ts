import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { OracleCase } from "./oracle-case.ts";
import type { CaseResult } from "./run-case.ts";
import type { ShrunkCase } from "./shrink.ts";

/** Of the source tree, also when the built code runs. */
const folder = fileURLToPath(new URL("../../src/oracle/regressions/", import.meta.url));

/** Every kept case. */
export async function readRegressions(): Promise<OracleCase[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json")).toSorted();
  return Promise.all(
    names.map(async (name) => JSON.parse(await readFile(path.join(folder, name), "utf8")) as OracleCase),
  );
}

/** Writes a small failing case beside the others; returns what to print. */
export async function keepRegression({ oracleCase, failure }: ShrunkCase): Promise<string> {
  const file = path.join(folder, `${failure.kind}-seed-${oracleCase.seed}.json`.replaceAll(" ", "-"));
  const text = `${JSON.stringify(oracleCase, null, 2)}\n`;
  await mkdir(folder, { recursive: true });
  await writeFile(file, text);
  return `The smallest case found is kept in ${file}:\n${text}\nIt fails with (${failure.kind}):\n${failure.message}`;
}

export function describeFailure(oracleCase: OracleCase, { failure, done }: CaseResult): string {
  return `seed ${oracleCase.seed} fails at step ${done} (${failure?.kind}):\n${failure?.message}`;
}
