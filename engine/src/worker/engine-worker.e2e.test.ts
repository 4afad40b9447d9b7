import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { must } from "@freshet/base";
import {
  decodeViewStatus,
  type Engine,
  ENTRY_TAG,
  META_ARRANGEMENT,
  viewArrangement,
  viewEntryRows,
  viewStatusKey,
} from "@freshet/contract";
import { openStoreReader, type StoreReader } from "@freshet/store";
import { afterEach, beforeEach, expect, test } from "vitest";
import { queryOf } from "../testing/plan-arbitrary.ts";
import { TEST_TABLES, type TableEvent, UpstreamModel } from "../testing/upstream-model.ts";
import { startEngineWorker } from "./start-engine-worker.ts";

const INT4 = { typeOid: 23, typmod: -1, collation: 0 };
const COUNT = { typeOid: 20, typmod: -1, collation: 0 };

const plan = queryOf({
  kind: "aggregate",
  input: { kind: "scan", tableOid: 1001, attributes: [2], columns: [INT4] },
  groups: [{ kind: "column", index: 0, type: INT4 }],
  aggregates: [{ name: "count", arg: null, distinct: false, inputCollation: 0, type: COUNT }],
  scalar: false,
  columns: [INT4, COUNT],
});

let directory = "";
let engine: Engine;
let reader: StoreReader;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "freshet-worker-"));
  engine = await startEngineWorker({ directory });
  await engine.open();
  reader = openStoreReader(directory);
});

afterEach(async () => {
  await engine.close();
  await reader.close();
  rmSync(directory, { recursive: true });
});

function put(id: number, a: string): TableEvent {
  return { table: 0, kind: "put", id, newId: id, a, b: null, n: null };
}

function counts(): Map<number, number> {
  return reader.read((reads) => {
    expect(decodeViewStatus(must(reads.get(META_ARRANGEMENT, viewStatusKey(1)))).ready).toBe(true);
    const entries = [...reads.scanPrefix(viewArrangement(1), Buffer.from([ENTRY_TAG]))];
    const rows = entries.flatMap(({ value }) => viewEntryRows(value));
    return new Map(rows.map(({ row }) => [row.readInt32BE(4), Number(row.readBigInt64BE(12))]));
  });
}

test("a cache built in a worker is read from this thread as soon as a commit is applied, also after a restart", async () => {
  const upstream = new UpstreamModel();
  await engine.reset({ systemIdentifier: "1", timeline: 1, databaseOid: 1, slotName: "s", lsn: upstream.lsn });
  upstream.commit([put(1, "0"), put(2, "1"), put(3, "1")]);
  const [table] = TEST_TABLES;
  await engine.beginTable(must(table), upstream.lsn);
  await engine.loadRows(1001, upstream.snapshot(0));
  await engine.endTable(1001);
  await engine.createCache({ id: 1, plan, writeBack: false, attributes: "{}" });
  while (!(await engine.buildStep(1)).done);
  expect(counts()).toEqual(
    new Map([
      [0, 1],
      [1, 2],
    ]),
  );

  await engine.apply([upstream.commit([put(4, "2")])]);
  expect(counts()).toEqual(
    new Map([
      [0, 1],
      [1, 2],
      [2, 1],
    ]),
  );

  // Sent at once, answered in order; a flush that waits holds up nothing.
  const [flushed, applied] = await Promise.all([engine.flush(), engine.apply([upstream.commit([put(5, "2")])])]);
  expect(applied.appliedLsn).toBe(upstream.lsn);
  expect(flushed).toBe(upstream.lsn - 20n);
  expect(await engine.flush()).toBe(upstream.lsn);

  await engine.close();
  engine = await startEngineWorker({ directory });
  const state = await engine.open();
  expect(state.origin?.lsn).toBe(upstream.lsn);
  expect(state.caches.map(({ state: cache, rows }) => [cache, rows])).toEqual([["ready", 3]]);
  await engine.apply([upstream.commit([put(5, "0")])]);
  expect(counts()).toEqual(
    new Map([
      [0, 2],
      [1, 2],
      [2, 1],
    ]),
  );
});

test("errors keep their SQLSTATE and hint across the thread boundary", async () => {
  await expect(engine.explain(77)).rejects.toMatchObject({
    name: "FreshetError",
    code: "42704",
    message: "cache 77 does not exist",
  });
  await expect(engine.loadRows(5, Buffer.alloc(0))).rejects.toMatchObject({ code: "55000" });
});

test("a large batch moves to the worker", async () => {
  const upstream = new UpstreamModel();
  await engine.reset({ systemIdentifier: "1", timeline: 1, databaseOid: 1, slotName: "s", lsn: upstream.lsn });
  await engine.beginTable(must(TEST_TABLES[0]), upstream.lsn);
  const batch = Buffer.allocUnsafeSlow(40_000).fill(0, 0, 40_000);
  let length = 0;
  for (let id = 0; id < 1000; id++) {
    const row = Buffer.concat([Buffer.from([0, 0, 0, 4, 0, 0, id >> 8, id & 255]), Buffer.alloc(12, 0xff)]);
    batch.writeUInt32BE(row.length, length);
    length += 4 + row.copy(batch, length + 4);
  }
  await engine.loadRows(1001, batch.subarray(0, length));
  expect(batch.length).toBe(0);
  await engine.endTable(1001);
  expect((await engine.status()).tables.map(({ rows, state }) => [rows, state])).toEqual([[1000, "live"]]);
});

test("what was asked before the engine is closed is answered, what is asked after fails", async () => {
  const upstream = new UpstreamModel();
  await engine.reset({ systemIdentifier: "1", timeline: 1, databaseOid: 1, slotName: "s", lsn: upstream.lsn });
  const asked = Array.from({ length: 200 }, () => engine.stats());
  const closed = engine.close();
  await expect(engine.stats()).rejects.toThrow("the engine is closed: no stats");
  await closed;
  const answers = await Promise.allSettled(asked);
  expect(answers.filter(({ status }) => status === "rejected").slice(0, 2)).toEqual([]);
});
