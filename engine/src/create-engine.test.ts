import { must } from "@freshet/base";
import {
  ChangeWriter,
  type Commit,
  decodeViewStatus,
  type Engine,
  ENTRY_TAG,
  META_ARRANGEMENT,
  OldRow,
  outboxArrangement,
  outboxKeyLsn,
  readViewChanges,
  RowBatchWriter,
  SUSPENDED_KEY,
  type TableSchema,
  VIEW_CHANGES_ARRANGEMENT,
  viewArrangement,
  viewEntryRows,
  viewKeyPrefix,
  viewStatusKey,
} from "@freshet/contract";
import type { Plan, QueryPlan } from "@freshet/sql";
import { MemoryStore } from "@freshet/store";
import { createCodecs, KeyWriter, packRow, type Row } from "@freshet/values";
import { beforeEach, describe, expect, test } from "vitest";
import { createEngine } from "./create-engine.ts";
import { binary, queryOf } from "./testing/plan-arbitrary.ts";

const INT4 = { typeOid: 23, typmod: -1, collation: 0 };
const TEXT = { typeOid: 25, typmod: -1, collation: 950 };

const table: TableSchema = {
  oid: 7,
  schema: "public",
  name: "items",
  columns: [
    { attribute: 1, name: "id", typeOid: 23, typmod: -1 },
    { attribute: 2, name: "owner", typeOid: 23, typmod: -1 },
    { attribute: 4, name: "note", typeOid: 25, typmod: -1 },
  ],
  identity: { kind: "key", columns: [0] },
};

function row(id: number, owner: number | null, note: string | null): Row {
  return packRow([binary(INT4, `${id}`), binary(INT4, owner === null ? null : `${owner}`), binary(TEXT, note)]);
}

const scan: Plan = { kind: "scan", tableOid: 7, attributes: [1, 2, 4], columns: [INT4, INT4, TEXT] };

/** SELECT id, note FROM items WHERE owner = $1 ORDER BY id DESC */
const byOwner: QueryPlan = {
  ...queryOf({
    kind: "project",
    input: scan,
    expressions: [
      { kind: "column", index: 0, type: INT4 },
      { kind: "column", index: 2, type: TEXT },
      { kind: "column", index: 1, type: INT4 },
    ],
    columns: [INT4, TEXT, INT4],
  }),
  result: [INT4, TEXT].map((type, index) => ({
    ...type,
    name: `c${index}`,
    tableOid: 7,
    attribute: 0,
    typeLength: -1,
  })),
  parameters: [{ type: INT4, list: false }],
  equality: [{ column: 2, parameter: 0 }],
  sort: [{ column: 0, descending: true, nullsFirst: true }],
};

let store: MemoryStore;
let engine: Engine;
let lsn = 100n;

function commit(write: (changes: ChangeWriter) => void, schemaChanged = false): Commit {
  const changes = new ChangeWriter();
  write(changes);
  lsn += 10n;
  return {
    commitLsn: lsn - 5n,
    endLsn: lsn,
    commitTime: 0n,
    changes: changes.take(),
    schemaChanged,
    xid: 1,
    touched: [],
  };
}

async function loadTable(rows: readonly Row[], snapshotLsn: bigint = lsn): Promise<void> {
  await engine.beginTable(table, snapshotLsn);
  const batch = new RowBatchWriter();
  for (const each of rows) batch.push(each);
  await engine.loadRows(7, batch.take());
  await engine.endTable(7);
}

async function build(id: number, plan: QueryPlan): Promise<void> {
  await engine.createCache({ id, plan, writeBack: true, attributes: "" });
  while (!(await engine.buildStep(id)).done);
}

function rowsOf(id: number, owner: number): string[] {
  return store.read((reads) => {
    const prefix = viewKeyPrefix(
      new KeyWriter(),
      ENTRY_TAG,
      [must(createCodecs([]).get(23))],
      [must(binary(INT4, `${owner}`))],
    );
    return [...reads.scanPrefix(viewArrangement(id), prefix)]
      .flatMap(({ value }) => viewEntryRows(value))
      .map(({ row: visible, weight }) => `${weight} x ${visible.readInt32BE(4)} ${visible.subarray(12).toString()}`);
  });
}

function ready(id: number): boolean {
  return store.read((reads) => decodeViewStatus(must(reads.get(META_ARRANGEMENT, viewStatusKey(id))))).ready;
}

beforeEach(async () => {
  store = new MemoryStore();
  lsn = 100n;
  engine = createEngine(store);
  await engine.reset({ systemIdentifier: "1", timeline: 1, databaseOid: 1, slotName: "s", lsn });
});

describe("a view", () => {
  test("is keyed by its parameters, sorted, and its changed keys are logged", async () => {
    await loadTable([row(1, 5, "a"), row(2, 5, "b"), row(3, 6, "c"), row(4, null, "d")]);
    await build(1, byOwner);
    expect(rowsOf(1, 5)).toEqual(["1 x 2 b", "1 x 1 a"]);
    const keyOf = (owner: number): string =>
      viewKeyPrefix(new KeyWriter(), ENTRY_TAG, [must(createCodecs([]).get(23))], [must(binary(INT4, `${owner}`))])
        .subarray(1)
        .toString("hex");
    const lastChanges = (): (string | null)[] =>
      store.read((reads) => {
        const [last] = [...reads.scan(VIEW_CHANGES_ARRANGEMENT, { reverse: true, limit: 1 })];
        const keys: (string | null)[] = [];
        readViewChanges(must(last).value, (_cacheId, key) => keys.push(key?.toString("hex") ?? null));
        return keys;
      });
    expect(lastChanges()).toEqual([keyOf(5), keyOf(6)]);
    await engine.apply([commit((changes) => changes.delete(7, OldRow.key, row(3, null, null)))]);
    expect(lastChanges()).toEqual([keyOf(6)]);
    await engine.apply([commit((changes) => changes.update(7, OldRow.none, null, row(1, 5, "z")))]);
    expect(lastChanges()).toEqual([keyOf(5)]);
    expect((await engine.status()).caches[0]).toMatchObject({ state: "ready", rows: 2, errors: 0 });
  });

  test("keeps rows that are too long for a key, and counts those it cannot order", async () => {
    await loadTable([row(1, 5, "x".repeat(5000))]);
    await build(1, byOwner);
    expect(rowsOf(1, 5)[0]?.length).toBe(5006);
    await build(2, { ...byOwner, sort: [{ column: 1, descending: false, nullsFirst: false }] });
    expect((await engine.status()).caches[1]).toMatchObject({ rows: 0, errors: 1 });
    await engine.apply([commit((changes) => changes.update(7, OldRow.none, null, row(1, 5, "short")))]);
    expect((await engine.status()).caches[1]).toMatchObject({ rows: 1, errors: 0 });
  });
});

describe("changes", () => {
  test("take unchanged columns from the old row", async () => {
    await loadTable([row(1, 5, "kept")]);
    await build(1, byOwner);
    const changed = row(1, 6, null);
    changed.writeInt32BE(-2, changed.length - 4);
    await engine.apply([commit((changes) => changes.update(7, OldRow.none, null, changed))]);
    expect(rowsOf(1, 6)).toEqual(["1 x 1 kept"]);
    expect(rowsOf(1, 5)).toEqual([]);
  });

  test("that are in the snapshot, or were applied before, are left out", async () => {
    const early = commit((changes) => changes.insert(7, row(1, 5, "a")));
    await loadTable([row(1, 5, "a")], early.endLsn);
    await engine.apply([early]);
    await build(1, byOwner);
    const second = commit((changes) => changes.insert(7, row(2, 5, "b")));
    await engine.apply([second]);
    await engine.apply([second]);
    expect(rowsOf(1, 5)).toEqual(["1 x 2 b", "1 x 1 a"]);
  });

  test("that do not fit make the table and its caches invalid, and nothing else", async () => {
    await loadTable([row(1, 5, "a")]);
    await build(1, byOwner);
    const result = await engine.apply([commit((changes) => changes.delete(7, OldRow.key, row(99, null, null)))]);
    expect(result.invalidTables).toEqual([7]);
    expect(result.caches.map(({ state }) => state)).toEqual(["invalid"]);
    expect(ready(1)).toBe(false);
    await expect(
      engine.createCache({ id: 2, plan: byOwner, writeBack: false, attributes: "" }),
    ).resolves.toBeUndefined();
    await expect(engine.buildStep(2)).rejects.toMatchObject({ code: "55000" });
    await loadTable([row(1, 8, "new")]);
    while (!(await engine.buildStep(2)).done);
    expect(rowsOf(2, 8)).toEqual(["1 x 1 new"]);
    await engine.dropCache(1);
    expect(rowsOf(2, 8)).toEqual(["1 x 1 new"]);
  });

  test("of the schema invalidate the table, and suspend all views until resumed", async () => {
    await loadTable([row(1, 5, "a")]);
    await build(1, byOwner);
    const first = commit((changes) => changes.schema(7), true);
    await engine.apply([first]);
    expect(ready(1)).toBe(false);
    const suspended = (): boolean => store.read((reads) => reads.has(META_ARRANGEMENT, SUSPENDED_KEY));
    await engine.apply([commit(() => undefined, true)]);
    await engine.resume(first.endLsn);
    expect(suspended()).toBe(true);
    await engine.resume(lsn);
    expect(suspended()).toBe(false);
  });

  test("staged before their commit are applied with it, or forgotten", async () => {
    await loadTable([]);
    await build(1, byOwner);
    const lost = commit((changes) => changes.insert(7, row(1, 5, "lost")));
    await engine.stage(lost.changes);
    await engine.discardStaged();
    const parted = commit((changes) => changes.insert(7, row(2, 5, "first")));
    await engine.stage(parted.changes);
    expect(rowsOf(1, 5)).toEqual([]);
    await engine.apply([{ ...parted, changes: commit((changes) => changes.insert(7, row(3, 5, "rest"))).changes }]);
    expect(rowsOf(1, 5)).toEqual(["1 x 3 rest", "1 x 2 first"]);
  });
});

test("an outbox holds what changed since the cache was ready, until it is acknowledged", async () => {
  await loadTable([row(1, 5, "a")]);
  await build(1, byOwner);
  const outbox = (): bigint[] =>
    store.read((reads) => Array.from(reads.scan(outboxArrangement(1)), ({ key }) => outboxKeyLsn(key)));
  expect(outbox()).toEqual([]);
  await engine.apply([commit((changes) => changes.update(7, OldRow.none, null, row(1, 5, "b")))]);
  await engine.apply([commit((changes) => changes.insert(7, row(2, 5, "c")))]);
  expect(outbox()).toEqual([110n, 110n, 120n]);
  await engine.acknowledgeOutbox(1, 110n);
  expect(outbox()).toEqual([120n]);
});

test("a transaction that fails leaves the state before it", async () => {
  await loadTable([row(1, 5, "a")]);
  await build(1, byOwner);
  const broken = commit((changes) => changes.insert(7, row(2, 5, "b")));
  const chunk = Buffer.concat([...broken.changes, Buffer.from([99, 0, 0, 0, 0])]);
  await expect(engine.apply([{ ...broken, changes: [chunk] }])).rejects.toThrow("unknown change kind");
  expect(rowsOf(1, 5)).toEqual(["1 x 1 a"]);
  await engine.apply([broken]);
  expect(rowsOf(1, 5)).toEqual(["1 x 2 b", "1 x 1 a"]);
  expect((await engine.status()).origin?.lsn).toBe(broken.endLsn);
});

test("equal parts of caches are shared, and go with the last of them", async () => {
  await loadTable([row(1, 5, "a")]);
  const grouped: Plan = { kind: "distinct", input: scan, columns: scan.columns };
  await build(1, queryOf(grouped));
  await build(2, queryOf({ ...grouped }));
  const shared = await engine.explain(2);
  expect(shared.map(({ operator, shared: isShared }) => [operator, isShared])).toEqual([
    ["distinct", true],
    ["source", true],
    ["table", true],
  ]);
  await engine.dropCache(1);
  expect((await engine.explain(2)).map(({ id }) => id)).toEqual(shared.map(({ id }) => id));
  await engine.dropCache(2);
  expect(await engine.collectGarbage()).toBe(true);
});

test("what the engine lacks is refused with its name, before anything is stored", async () => {
  const plan = queryOf({
    kind: "filter",
    input: scan,
    predicate: {
      kind: "call",
      name: "no_such_function",
      functionOid: 99_999,
      strict: true,
      inputCollation: 0,
      args: [],
      type: { ...INT4, typeOid: 16 },
    },
    columns: scan.columns,
  });
  await expect(engine.check(plan)).rejects.toMatchObject({ code: "0A000" });
  await expect(engine.createCache({ id: 1, plan, writeBack: false, attributes: "" })).rejects.toThrow(
    "no_such_function",
  );
  expect((await engine.status()).caches).toEqual([]);
});

test("reset forgets everything", async () => {
  await loadTable([row(1, 5, "a")]);
  await build(1, byOwner);
  await engine.reset({ systemIdentifier: "2", timeline: 1, databaseOid: 1, slotName: "s", lsn: 50n });
  while (await engine.collectGarbage());
  const state = await engine.status();
  expect([state.tables, state.caches, state.origin?.lsn, state.origin?.systemIdentifier]).toEqual([[], [], 50n, "2"]);
  await engine.close();
  expect((await createEngine(store).open()).origin?.lsn).toBe(50n);
});

test("a view whose arrangement is damaged makes its cache invalid, not the stream", async () => {
  await loadTable([row(1, 5, "a")]);
  await build(1, byOwner);
  await build(2, byOwner);
  store.write((transaction) => {
    for (const { key } of [...transaction.scan(viewArrangement(1))]) transaction.remove(viewArrangement(1), key);
  });
  const result = await engine.apply([commit((changes) => changes.delete(7, OldRow.key, row(1, null, null)))]);
  expect(result.caches.map(({ definition, state }) => [definition.id, state])).toEqual([[1, "invalid"]]);
  expect([ready(1), ready(2)]).toEqual([false, true]);
  expect(rowsOf(2, 5)).toEqual([]);
});
