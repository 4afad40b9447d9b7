import { execFileSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import process from "node:process";

/** The user that the server runs as. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

/**
 * PostgreSQL refuses to run as root: then it is user `postgres`, which is made if it does not exist. Undefined when
 * the current user will do.
 */
export function serverUser(): RunAs | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const found = lookUp("postgres");
  if (found !== undefined) return found;
  execFileSync("useradd", ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", "postgres"]);
  const created = lookUp("postgres");
  if (created === undefined) throw new Error("user postgres could not be created to run PostgreSQL as");
  return created;
}

function lookUp(name: string): RunAs | undefined {
  try {
    const uid = Number(execFileSync("id", ["-u", name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
    const gid = Number(execFileSync("id", ["-g", name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
    return { uid, gid };
  } catch (error) {
    if (error instanceof Error && "status" in error && error.status === 1) return undefined;
    throw error;
  }
}

/** Whether `user` can pass through every folder above `file` (which need not exist) and `file` itself, if a folder. */
export function canReach(file: string, user: RunAs | undefined): boolean {
  for (let folder = nearestExisting(path.resolve(file)); ; folder = path.dirname(folder)) {
    if (!canEnter(folder, user)) return false;
    if (folder === path.dirname(folder)) return true;
  }
}

function nearestExisting(file: string): string {
  let folder = file;
  while (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) folder = path.dirname(folder);
  return folder;
}

function canEnter(folder: string, user: RunAs | undefined): boolean {
  if (user === undefined) {
    try {
      accessSync(folder, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  }
  const { uid, gid, mode } = statSync(folder);
  if (uid === user.uid) return (mode & 0o100) !== 0;
  if (gid === user.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}
