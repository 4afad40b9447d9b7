import { existsSync, readFileSync } from "node:fs";
import { symlink } from "node:fs/promises";
import path from "node:path";

interface Link {
  readonly source: string;
  readonly target: string;
}

/**
 * npm packages cannot hold symbolic links: the platform package lists them in a file, and its install script makes
 * them. Where npm was told not to run install scripts they are made here.
 */
export async function restoreLinks(native: string): Promise<void> {
  const list = path.join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as readonly Link[];
  // The list's paths start at the package's folder.
  const inPackage = (file: string): string => path.resolve(native, "..", file);
  for (const { source, target } of links) {
    if (existsSync(inPackage(target))) continue;
    const relative = path.relative(path.dirname(target), source);
    try {
      await symlink(relative, inPackage(target));
    } catch (error) {
      // Another process may have been faster.
      if (!existsSync(inPackage(target))) throw error;
    }
  }
}
