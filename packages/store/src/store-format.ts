import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FORMAT_FILE = "format";

/**
 * Makes `directory` ready for a store whose keys and values are laid out by `format`: an environment of any other format
 * is removed, for it would be misread. To be called before it is opened by anyone. True when something was removed.
 */
export function prepareStoreDirectory(directory: string, format: string): boolean {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, FORMAT_FILE);
  if (existsSync(file) && readFileSync(file, "utf8").trim() === format) return false;
  const environment = join(directory, "store.mdb");
  const outdated = existsSync(environment);
  // The format is told last: a crash in between leaves nothing that is taken for the new one.
  rmSync(file, { force: true });
  for (const path of [environment, `${environment}-lock`]) rmSync(path, { force: true });
  writeFileSync(file, `${format}\n`);
  return outdated;
}
