import type { Environment } from "./lmdb-environment.ts";
import type { EnvironmentKey } from "./lmdb-encoding.ts";

/** From how many entries on it is worth it. */
export const MANY_ENTRIES = 500;

/** What a page holds at most: bytes, and entries, each of which takes 16 bytes beside key and value. */
const PAGE_BYTES = 4096;
const PAGE_ENTRIES = 256;

/** Longer values have pages of their own. */
const LONGEST_VALUE = 2000;

const NO_BYTES: Buffer = Buffer.alloc(0);

interface FollowingEntry {
  readonly key: EnvironmentKey;
  readonly value: Buffer;
}

/**
 * Takes out what lies behind an arrangement on its last page, for the time in which many entries are put at the arrangement's end; the caller puts it
 * back in the same transaction. LMDB splits a page in the middle when an entry comes before its last one, and would leave each page half
 * empty; behind the last one it begins a new page.
 */
export function takeFollowing({ entries }: Environment, arrangement: number): readonly FollowingEntry[] {
  const following: FollowingEntry[] = [];
  let bytes = 0;
  for (const { key, value } of entries.getRange({ start: [arrangement + 1, NO_BYTES], limit: PAGE_ENTRIES })) {
    if (value.length > LONGEST_VALUE) break;
    following.push({ key, value });
    bytes += key[1].length + value.length;
    if (bytes >= PAGE_BYTES) break;
  }
  for (const { key } of following) entries.removeSync(key);
  return following;
}
