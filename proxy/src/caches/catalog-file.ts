import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { FreshetError, SqlState, errorMessage } from "@freshet/base";
import type { CacheRequest } from "./cache.ts";

/** What survives restarts and rebuilds of the store: the definitions, and the next free id. */
export interface CatalogContents {
  readonly nextId: number;
  readonly caches: readonly { readonly id: number; readonly request: CacheRequest }[];
}

const FORMAT = 1;

/** The catalog file: JSON, replaced atomically (write, fsync, rename, fsync of the folder). */
export class CatalogFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  read(): CatalogContents {
    if (!existsSync(this.#path)) return { nextId: 1, caches: [] };
    try {
      const parsed = JSON.parse(readFileSync(this.#path, "utf8")) as CatalogContents & { readonly format: number };
      if (parsed.format !== FORMAT) throw new Error(`unknown format ${String(parsed.format)}`);
      return { nextId: parsed.nextId, caches: parsed.caches.map(withDefaults) };
    } catch (thrown) {
      throw new FreshetError(SqlState.configFileError, `the cache catalog "${this.#path}" cannot be read`, {
        detail: errorMessage(thrown),
        hint: "Mend the file, or remove it to start without caches.",
        cause: thrown,
      });
    }
  }

  write(contents: CatalogContents): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    const temporary = `${this.#path}.new`;
    writeDurably(temporary, `${JSON.stringify({ format: FORMAT, ...contents }, null, 2)}\n`);
    renameSync(temporary, this.#path);
    const folder = openSync(dirname(this.#path), "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }
}

/** Files of earlier versions lack what came later. */
function withDefaults({ id, request }: CatalogContents["caches"][number]): CatalogContents["caches"][number] {
  return { id, request: { ...LATER_FIELDS, ...request } };
}

const LATER_FIELDS: Pick<CacheRequest, "mode" | "maxBytes"> = { mode: "auto", maxBytes: null };

function writeDurably(path: string, text: string): void {
  const file = openSync(path, "w", 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
