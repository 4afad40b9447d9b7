import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DataLock } from "./data-lock.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "freshet-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a data folder belongs to one, until it is let go", async () => {
  for (const data of [join(folder, "data"), join(folder, "long".repeat(30))]) {
    const lock = await DataLock.acquire(data);
    await expect(DataLock.acquire(data)).rejects.toThrow(/in use by another Freshet/);
    await lock.release();
    await (await DataLock.acquire(data)).release();
  }
});

test("what a process that died left is no obstacle", async () => {
  writeFileSync(join(folder, "lock.sock"), "");
  const lock = await DataLock.acquire(folder);
  await expect(DataLock.acquire(folder)).rejects.toThrow(/in use/);
  await lock.release();
});
