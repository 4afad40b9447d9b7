import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MemoryStore, openStore, type Store } from "./index.ts";

let directory = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "freshet-free-list-"));
});

afterEach(() => rmSync(directory, { recursive: true }));

const ENTRIES = 6000;
const LARGE_BATCH = 2000;

let seed = 5;

function random(below: number): number {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
}

function randomEntry(): readonly [Buffer, Buffer] {
  const at = random(ENTRIES);
  const key = Buffer.allocUnsafe(4);
  key.writeUInt32BE(at);
  // A few values take several pages in a row.
  return [key, Buffer.alloc(at % 100 === 0 ? 3000 + random(12_000) : 600 + random(600), random(256))];
}

function changeAll(stores: readonly Store[], count: number): void {
  const entries = Array.from({ length: count }, randomEntry).toSorted(([a], [b]) => a.compare(b));
  for (const store of stores) {
    store.write((transaction) => {
      for (const [key, value] of entries) transaction.put(1, key, value);
    });
  }
}

function contentOf(store: Store): string[] {
  return store.read((reads) =>
    Array.from(reads.scan(1), ({ key, value }) => `${key.toString("hex")} ${value.length} ${value[0]}`),
  );
}

/** Large transactions leave lists of freed pages that are longer than what LMDB may keep in memory of them. */
test("freed pages are used again, beside pinned snapshots and after reopening", async () => {
  const twin = new MemoryStore();
  let store = openStore(directory);
  const sizes: number[] = [];
  for (let round = 0; round < 4; round++) {
    const pinned = round % 2 === 1 ? store.snapshot() : null;
    for (let at = 0; at < 3; at++) changeAll([store, twin], LARGE_BATCH);
    pinned?.close();
    for (let at = 0; at < 20; at++) changeAll([store, twin], 4);
    sizes.push(store.stats().fileBytes);
    await store.close();
    store = openStore(directory);
    expect(contentOf(store)).toEqual(contentOf(twin));
  }
  await store.close();
  // From the first pinned snapshot on, what one holds back is all that the file is longer than the state.
  expect(sizes.at(-1)).toBeLessThan(1.5 * (sizes[1] ?? 0));
});
