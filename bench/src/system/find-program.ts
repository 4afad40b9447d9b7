import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { environment } from "@freshet/base";

/** Where a program is: on PATH, or where Debian keeps those for administrators. */
export async function findProgram(name: string): Promise<string | null> {
  for (const folder of [...(environment()["PATH"] ?? "").split(delimiter), "/usr/sbin"]) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // Not here: look in the next folder.
    }
  }
  return null;
}
