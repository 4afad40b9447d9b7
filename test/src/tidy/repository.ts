import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root: string = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");

/** The files that git knows, relative to the root; those just deleted are left out. */
export function repositoryFiles(): string[] {
  const list = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8", maxBuffer: 2 ** 26 });
  return list.split("\0").filter((file) => file !== "" && existsSync(path.join(root, file)));
}

export function readRepositoryFile(file: string): string {
  return readFileSync(path.join(root, file), "utf8");
}

/** What a package.json says, as far as the checks ask. */
export interface PackageManifest {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export interface Workspace {
  /** Its folder, relative to the root. */
  readonly folder: string;
  readonly manifest: PackageManifest;
  /** The folders that its tsconfig.json refers to, relative to the root. */
  readonly references: readonly string[];
}

export function workspaces(): Workspace[] {
  return repositoryFiles()
    .filter((file) => /^(packages\/[^/]+|[^/]+)\/package\.json$/.test(file))
    .map((file) => {
      const folder = path.dirname(file);
      return { folder, manifest: readManifest(file), references: readReferences(folder) };
    });
}

export function readManifest(file: string): PackageManifest {
  const manifest = JSON.parse(readRepositoryFile(file)) as Partial<PackageManifest> & { readonly name: string };
  return { dependencies: {}, devDependencies: {}, ...manifest };
}

export function readReferences(folder: string): string[] {
  const config = JSON.parse(readRepositoryFile(path.join(folder, "tsconfig.json"))) as {
    readonly references?: readonly { readonly path: string }[];
  };
  return (config.references ?? []).map((reference) => path.join(folder, reference.path));
}
