import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import os from "node:os";
import { canReach, serverUser } from "./run-as.ts";

/**
 * Where a persistent server can keep its data: the wanted folder, unless PostgreSQL must run as another user (see
 * serverUser) that cannot get there; then always the same folder outside the private one.
 */
export function persistentFolder(wanted: string): string {
  const folder = path.resolve(wanted);
  if (canReach(path.dirname(folder), serverUser())) return folder;
  const shared = existsSync("/var/tmp") ? "/var/tmp" : os.tmpdir();
  const key = createHash("sha256").update(folder).digest("hex").slice(0, 12);
  return path.join(shared, `freshet-${path.basename(folder)}-${key}`);
}
