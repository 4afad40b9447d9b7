import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Entry, MemoryStore, openStore, type Store } from "./index.ts";

const ARRANGEMENT = 100;
const LATER = 200;
const BATCH = 2000;

let directory = "";
let store: Store;
let twin: Store;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "freshet-put-all-"));
  store = openStore(directory);
  twin = new MemoryStore();
});

afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

function entry(number: number, bytes: number): Entry {
  const key = Buffer.allocUnsafe(4);
  key.writeUInt32BE(number);
  return { key, value: Buffer.alloc(bytes, number) };
}

/** Every other number from `first` on. */
function batch(first: number): Entry[] {
  return Array.from({ length: BATCH }, (_unused, at) => entry(first + 2 * at, 40 + (at % 7)));
}

function putAll(entries: readonly Entry[]): void {
  for (const each of [store, twin]) each.write((transaction) => transaction.putAll(ARRANGEMENT, entries));
}

function putLater(sizes: readonly number[]): void {
  for (const each of [store, twin])
    each.write((transaction) => {
      sizes.forEach((bytes, at) => transaction.put(LATER, entry(at, bytes).key, entry(at, bytes).value));
    });
}

function contentOf(each: Store): string[] {
  return each.read((reads) =>
    [ARRANGEMENT, LATER].flatMap((arrangement) =>
      Array.from(
        reads.scan(arrangement),
        ({ key, value }) => `${arrangement} ${key.toString("hex")} ${value.toString("hex")}`,
      ),
    ),
  );
}

test.each([
  ["nothing", []],
  ["a few small entries", [10, 200, 0]],
  ["more than a page of small entries", Array.from({ length: 1000 }, () => 8)],
  ["more than a page of larger entries", Array.from({ length: 20 }, (_unused, at) => 300 + 200 * at)],
  ["values with pages of their own", [9000, 10, 20_000]],
])("entries in front of %s are all there, as is that", (_what, sizes) => {
  putLater(sizes);
  for (const first of [10_000, 20_000, 20_001, 0, 30_000]) putAll(batch(first));
  putAll([]);
  putAll([entry(7, 5), entry(40_000, 5)]);
  expect(contentOf(store)).toEqual(contentOf(twin));
});

test("pages are as full in front of another arrangement as at the end", async () => {
  for (let at = 0; at < 10; at++) putAll(batch(10_000 * at));
  const atTheEnd = store.stats().usedBytes;
  await store.close();
  rmSync(directory, { recursive: true });
  store = openStore(directory);
  twin = new MemoryStore();
  putLater([100, 100, 100]);
  for (let at = 0; at < 10; at++) putAll(batch(10_000 * at));
  expect(store.stats().usedBytes).toBeLessThan(1.1 * atTheEnd);
});

test("what is taken out meanwhile is there after a transaction that is given up", () => {
  putLater([100, 100, 100]);
  const failing = (): void =>
    store.write((transaction) => {
      transaction.putAll(ARRANGEMENT, batch(0));
      throw new Error("given up");
    });
  expect(failing).toThrow("given up");
  expect(contentOf(store)).toEqual(contentOf(twin));
});
