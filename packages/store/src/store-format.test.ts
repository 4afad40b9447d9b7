import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStore } from "./lmdb-store.ts";
import { prepareStoreDirectory } from "./store-format.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "freshet-format-"));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function writeOne(): Promise<void> {
  const store = openStore(directory);
  store.write((transaction) => transaction.put(1, Buffer.from("key"), Buffer.from("value")));
  await store.close();
}

async function readOne(): Promise<string | undefined> {
  const store = openStore(directory);
  const value = store.read((reads) => reads.get(1, Buffer.from("key"))?.toString());
  await store.close();
  return value;
}

test("a store of the same format is kept", async () => {
  expect(prepareStoreDirectory(directory, "2")).toBe(false);
  await writeOne();
  expect(prepareStoreDirectory(directory, "2")).toBe(false);
  expect(await readOne()).toBe("value");
});

test("a store of another format, or of one that is not told, is removed", async () => {
  await writeOne();
  expect(prepareStoreDirectory(directory, "2")).toBe(true);
  expect(await readOne()).toBeUndefined();
  await writeOne();
  expect(prepareStoreDirectory(directory, "3")).toBe(true);
  expect(await readOne()).toBeUndefined();
});
