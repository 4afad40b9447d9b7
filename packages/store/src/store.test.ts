import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MAX_KEY_BYTES, MemoryStore, openStore, openStoreReader, type Store } from "./index.ts";

let directory = "";
const opened: { close(): Promise<void> }[] = [];

function track<T extends { close(): Promise<void> }>(resource: T): T {
  opened.push(resource);
  return resource;
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "freshet-store-"));
});

afterEach(async () => {
  for (const resource of opened.splice(0).toReversed()) await resource.close();
  rmSync(directory, { recursive: true });
});

const key = (text: string): Buffer => Buffer.from(text);

describe.each<[string, () => Store]>([
  ["in memory", () => new MemoryStore()],
  ["in LMDB", () => track(openStore(directory))],
])("a store %s", (_name, open) => {
  test("takes the longest key and an empty value", () => {
    const store = open();
    const longest = Buffer.alloc(MAX_KEY_BYTES + 5, 0xff);
    store.write((transaction) => transaction.put(7, longest, Buffer.alloc(0)));
    expect(store.read((reads) => reads.get(7, longest))?.length).toBe(0);
    expect(store.read((reads) => [...reads.scan(7)].length)).toBe(1);
  });

  test("refuses a key that is too long, and an id that is none", () => {
    const store = open();
    expect(() => store.write((transaction) => transaction.put(7, Buffer.alloc(MAX_KEY_BYTES + 6), key("x")))).toThrow(
      "longer",
    );
    expect(() => store.write((transaction) => transaction.put(0, key("a"), key("x")))).toThrow("not an arrangement id");
  });

  test("a snapshot outlives many later writes", async () => {
    const store = open();
    store.write((transaction) => {
      for (let i = 0; i < 500; i++) transaction.put(3, key(`k${i}`), key("old"));
    });
    const snapshot = store.snapshot();
    for (let round = 0; round < 20; round++) {
      store.write((transaction) => {
        for (let i = 0; i < 500; i++) transaction.put(3, key(`k${i}`), key(`new${round}`));
        transaction.remove(3, key("k7"));
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    const seen = [...snapshot.scan(3)];
    expect(seen.length).toBe(500);
    expect(seen.every((entry) => entry.value.toString() === "old")).toBe(true);
    expect(snapshot.get(3, key("k7"))?.toString()).toBe("old");
    snapshot.close();
    expect(store.read((reads) => reads.get(3, key("k8")))?.toString()).toBe("new19");
  });

  test("clears an arrangement in pieces and leaves its neighbours", () => {
    const store = open();
    store.write((transaction) => {
      for (const arrangement of [4, 5, 6]) {
        for (let i = 0; i < 10; i++) transaction.put(arrangement, key(`k${i}`), key("v"));
      }
    });
    expect(store.clear(5, 6)).toBe(false);
    expect(store.clear(5, 6)).toBe(true);
    expect(store.read((reads) => [4, 5, 6].map((arrangement) => [...reads.scan(arrangement)].length))).toEqual([
      10, 0, 10,
    ]);
    expect(store.stats().entries).toBe(20);
  });

  test("neither nests write transactions nor reads beside one", () => {
    const store = open();
    expect(() => store.write(() => store.write(() => 0))).toThrow("nest");
    expect(() => store.write(() => store.read(() => 0))).toThrow("read through it");
  });
});

describe("an LMDB store", () => {
  test("keeps its content over closing and reopening", async () => {
    const first = openStore(directory);
    first.write((transaction) => transaction.put(9, key("a"), key("1")));
    await first.flushed();
    await first.close();
    const second = track(openStore(directory));
    expect(second.read((reads) => reads.get(9, key("a")))?.toString()).toBe("1");
  });

  test("shows a second opening of the same thread each commit at once, and one state per read", () => {
    const store = track(openStore(directory));
    const reader = track(openStoreReader(directory));
    for (let i = 0; i < 50; i++) {
      store.write((transaction) => transaction.put(9, key("a"), key(`${i}`)));
      expect(reader.read((reads) => reads.get(9, key("a")))?.toString()).toBe(`${i}`);
    }
    const states = reader.read((reads) => {
      const before = reads.get(9, key("a"))?.toString();
      store.write((transaction) => transaction.put(9, key("a"), key("later")));
      return [before, reads.get(9, key("a"))?.toString(), reader.read((inner) => inner.get(9, key("a")))?.toString()];
    });
    expect(states).toEqual(["49", "49", "49"]);
    expect(reader.read((reads) => reads.get(9, key("a")))?.toString()).toBe("later");
  });

  test("reads a recent state again, and tells by its version when it reads another", async () => {
    const store = track(openStore(directory));
    const reader = track(openStoreReader(directory));
    const put = (value: string): void => store.write((transaction) => transaction.put(9, key("a"), key(value)));
    const recent = (maxAgeMs: number): { readonly value: string | undefined; readonly version: number } =>
      reader.readRecent(maxAgeMs, (reads, version) => ({ value: reads.get(9, key("a"))?.toString(), version }));
    const scanned: typeof recent = (maxAgeMs) =>
      reader.readRecent(maxAgeMs, (reads, version) => {
        const [entry] = [...reads.scan(9)];
        return { value: entry?.value.toString(), version };
      });
    put("0");
    const first = recent(60_000);
    put("1");
    expect(recent(60_000)).toEqual(first);
    const newest = recent(0);
    expect(newest.value).toBe("1");
    expect(newest.version).not.toBe(first.version);
    const seen = new Map([
      [first.version, first.value],
      [newest.version, newest.value],
    ]);
    // Whatever renews the state in between: a version never stands for two of them.
    for (let i = 2; i < 60; i++) {
      put(`${i}`);
      if (i % 7 === 0) await new Promise((resolve) => setTimeout(resolve, i % 3));
      if (i % 5 === 0) expect(reader.read((reads) => reads.get(9, key("a")))?.toString()).toBe(`${i}`);
      const { value, version } = (i % 2 === 0 ? recent : scanned)(i % 4 === 0 ? 0 : 60_000);
      if (i % 4 === 0) expect(value).toBe(`${i}`);
      expect(seen.get(version) ?? value).toBe(value);
      seen.set(version, value);
    }
    expect(seen.size).toBeGreaterThan(10);
  });

  test("is read while another thread writes", async () => {
    const reader = track(openStoreReader(directory));
    const lmdb = import.meta.resolve("lmdb");
    const code = `
      const { workerData, parentPort } = require("node:worker_threads");
      (async () => {
        const { open } = await import(workerData.lmdb);
        const root = open({ path: workerData.file, noSubdir: true, maxDbs: 4, encoding: "binary", keyEncoding: "binary" });
        const entries = root.openDB({ name: "arrangements", encoding: "binary", keyEncoding: "binary" });
        const key = (text) => Buffer.concat([Buffer.from([0, 0, 0, 9]), Buffer.from(text)]);
        for (let i = 1; i <= 200; i++) {
          root.transactionSync(() => {
            entries.putSync(key("a"), Buffer.from(String(i)));
            entries.putSync(key("b"), Buffer.from(String(i)));
          });
        }
        await root.flushed;
        await root.close();
        parentPort.postMessage("done");
      })();`;
    const worker = new Worker(code, { eval: true, workerData: { lmdb, file: join(directory, "store.mdb") } });
    let finished = false;
    const exit = new Promise<void>((resolve, reject) => {
      worker.on("message", () => (finished = true));
      worker.on("exit", () => resolve());
      worker.on("error", reject);
    });
    while (!finished) {
      const [a, b] = reader.read((reads) => [reads.get(9, key("a")), reads.get(9, key("b"))]);
      expect(a?.toString()).toBe(b?.toString());
      await new Promise((resolve) => setImmediate(resolve));
    }
    await exit;
    expect(reader.read((reads) => reads.get(9, key("b")))?.toString()).toBe("200");
  });
});
