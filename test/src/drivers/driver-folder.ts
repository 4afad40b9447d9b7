import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { environment } from "@freshet/base";
import { documentPath } from "../docs/documents.ts";
import type { Driver } from "./drivers.ts";

const run = promisify(execFile);
const installTimeoutMs = 400_000;

/** Which of the programs that the driver needs are not on this machine. */
export function missingPrograms(driver: Driver): string[] {
  const folders = (environment()["PATH"] ?? "").split(path.delimiter);
  return driver.needs.filter((program) => !folders.some((folder) => existsSync(path.join(folder, program))));
}

/** A copy of the driver's folder, outside git, with its packages installed; made again when a file of it has changed. */
export async function installedFolder(driver: Driver): Promise<string> {
  const [source, folder] = [
    path.join(documentPath("test/drivers"), driver.folder),
    path.join(documentPath(".tmp/drivers"), driver.folder),
  ];
  const [mark, wanted] = [path.join(folder, "installed"), await checksum(source)];
  if (existsSync(mark) && (await readFile(mark, "utf8")) === wanted) return folder;
  await rm(mark, { force: true });
  await mkdir(folder, { recursive: true });
  await cp(source, folder, { recursive: true });
  await driver.fetch?.(folder);
  for (const [program = "", ...args] of driver.install)
    await run(program, args, { cwd: folder, timeout: installTimeoutMs, env: environment() });
  await writeFile(mark, wanted);
  return folder;
}

async function checksum(folder: string): Promise<string> {
  const hash = createHash("sha256");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  for (const file of files.toSorted()) hash.update(`${path.relative(folder, file)}\0`).update(await readFile(file));
  return hash.digest("hex");
}
