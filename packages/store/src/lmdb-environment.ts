import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Database, open, type RootDatabase } from "lmdb";
import { type EnvironmentKey, keyEncoder, valueEncoder } from "./lmdb-encoding.ts";

/** An open LMDB environment with the one named database that holds all arrangements. */
export interface Environment {
  readonly root: RootDatabase<Buffer, Buffer>;
  readonly entries: Database<Buffer, EnvironmentKey>;
  readonly file: string;
}

/**
 * Address space reserved at once, so that the map is not moved while snapshots are pinned. Costs no
 * memory and no disk; LMDB grows beyond it by itself. Must stay a positive integer.
 */
const RESERVED_MAP_BYTES = 16 * 1024 ** 3;

/** lmdb's declarations know the encoders as a root database's options alone. */
const ENTRIES = { encoding: "binary" as const, encoder: valueEncoder, keyEncoder };

/**
 * How many free pages a commit takes from LMDB's list into memory before it rather makes the file longer, and with how many it goes on into the next
 * commit. LMDB writes most of what it has taken anew with each commit, however small: by its own 50,000 and 75,000 this was what a small commit cost most
 * after large ones (docs/change-path.md). Not in lmdb's declarations.
 */
const FREE_PAGES = { maxFreeSpaceToLoad: 1000, maxFreeSpaceToRetain: 2000 };

/** The same of a process that only reads: it has no way to follow a map that grows beyond its own. */
const FOREIGN_MAP_BYTES = 1024 ** 4;

/** `foreign`: another process writes it, and has made it. */
export function openEnvironment(directory: string, foreign = false): Environment {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, "store.mdb");
  const root: RootDatabase<Buffer, Buffer> = open<Buffer, Buffer>({
    path: file,
    noSubdir: true,
    maxDbs: 4,
    ...FREE_PAGES,
    mapSize: foreign ? FOREIGN_MAP_BYTES : RESERVED_MAP_BYTES,
    readOnly: foreign,
    encoding: "binary",
    keyEncoding: "binary",
  });
  const entries = root.openDB<Buffer, EnvironmentKey>("arrangements", ENTRIES);
  return { root, entries, file };
}
