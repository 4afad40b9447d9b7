import type { Commit, StreamEvent, TableTouch } from "@freshet/contract";
import { must } from "@freshet/base";
import type { InvalidationPlan } from "@freshet/sql";
import { beforeEach, describe, expect, test } from "vitest";
import { FakeSource } from "../testing/fake-source.ts";
import { type FakeFills, fakeFills } from "../testing/fake-fills.ts";
import type { AnswerRows } from "./answer-store.ts";
import { RowGuard } from "./row-guard.ts";
import { TransactionIds } from "./transaction-ids.ts";
import { UpstreamSnapshot } from "./upstream-snapshot.ts";

const TABLE = 500;
const PLAN: InvalidationPlan = {
  shapeKey: "s",
  slots: [],
  parameterTypes: [],
  textInputs: [],
  result: [],
  tables: [{ tableOid: TABLE, schema: "public", name: "t" }],
  guards: [],
  privileges: [],
  functions: [],
  enums: [],
  expiry: "never",
  thresholds: [],
};

function rows(bytes = 10): AnswerRows {
  return { kind: "rows", rowDescription: Buffer.alloc(1), data: Buffer.alloc(bytes), ends: Uint32Array.of(bytes) };
}

let now: number;
let fills: FakeFills;

beforeEach(() => {
  now = 0;
  fills = fakeFills(new FakeSource(), () => now);
});

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function want(key = "k", plan: InvalidationPlan = PLAN, cacheBytes = 1 << 20): string | null {
  const request = { text: "", parameters: null, resultFormats: [], settings: "", holds: "NULL", maxBytes: 1 };
  return fills.invalidations.readAnswer({ key, cacheId: 1, plan, request, cacheBytes, guard: new RowGuard(new Map()) });
}

async function arrives(
  snapshot: string,
  outcome: AnswerRows | { kind: "failed"; message: string } = rows(),
  holdsUntil: number | null = null,
): Promise<void> {
  const seen = must(UpstreamSnapshot.parse(snapshot));
  must(fills.pool.waiting.shift()).settle({ snapshot: seen, lsn: 100n, midnight: 50, holdsUntil, outcome });
  await settled();
}

async function commits(xid: number, ...touched: readonly TableTouch[]): Promise<void> {
  const commit: Commit = { commitLsn: 1n, endLsn: 2n, commitTime: 0n, changes: [], schemaChanged: false, xid, touched };
  const passed: StreamEvent[] = [];
  await fills.invalidations
    .before({ accept: async (event) => void passed.push(event), moved: () => Promise.resolve() })
    .accept({ kind: "commit", commit });
  expect(passed).toEqual([{ kind: "commit", commit }]);
}

const touch = (tableOid = TABLE): TableTouch => ({ tableOid, columns: [], rows: null });
const isKept = (key = "k"): boolean => fills.invalidations.find(key) !== undefined;

/** The fake source tells touches from transaction 1 on. */
async function fill(snapshot: string, key = "k"): Promise<void> {
  await fills.invalidations.watch(PLAN);
  expect(want(key)).toBeNull();
  await arrives(snapshot);
}

describe("an answer", () => {
  test("is kept until a transaction that it does not see touches its table", async () => {
    await fill("10:20:12,15");
    expect(isKept()).toBe(true);
    await commits(21, touch(TABLE + 1));
    await commits(9, touch());
    await commits(13, touch());
    expect(isKept()).toBe(true);
    await commits(15, touch());
    expect(isKept()).toBe(false);
    expect(fills.store.dropped).toBe(1);
  });

  test("is not kept when such a transaction has come by before, or while it was read", async () => {
    await fills.invalidations.watch(PLAN);
    await commits(12, touch());
    await fill("10:20:12");
    expect(isKept()).toBe(false);
    expect(want()).toBeNull();
    await commits(20, touch());
    await arrives("13:20:");
    expect(isKept()).toBe(false);
    expect(fills.invalidations.discarded).toBe(2);
    await fill("21:21:");
    expect(isKept()).toBe(true);
  });

  test("is not kept when what came by before is not remembered any more", async () => {
    await fills.invalidations.watch(PLAN);
    for (let xid = 100; xid < 1200; xid++) await commits(xid, touch());
    await fill("150:1300:");
    expect(isKept()).toBe(false);
    await fill("1200:1300:");
    expect(isKept()).toBe(true);
  });

  test("is not kept when transactions may still run that began before its tables were followed", async () => {
    await fill("0:20:0");
    expect(isKept()).toBe(false);
  });

  test("is not read before its tables are followed, nor twice at a time, nor beyond the queue", async () => {
    expect(want()).toContain("not followed");
    await fills.invalidations.watch(PLAN);
    expect(want()).toBeNull();
    expect(want()).toContain("being read");
    fills.pool.full = true;
    expect(want("other")).toContain("too many");
  });

  test("goes with every change of the schema, also while it is read", async () => {
    await fill("10:10:");
    fills.invalidations.forgetAnswers();
    expect(isKept()).toBe(false);
    want();
    fills.invalidations.forgetAnswers();
    await arrives("10:10:");
    expect(isKept()).toBe(false);
    await fill("10:10:");
    fills.invalidations.reset();
    expect(want("other")).toContain("not followed");
  });

  test("ends at midnight where it depends on the date, and a failure some time later", async () => {
    await fills.invalidations.watch(PLAN);
    want("dated", { ...PLAN, expiry: "midnight" });
    await arrives("10:10:");
    want("failed");
    await arrives("10:10:", { kind: "failed", message: "division by zero" });
    now = 49;
    expect([isKept("dated"), isKept("failed")]).toEqual([true, true]);
    now = 50;
    expect([isKept("dated"), isKept("failed")]).toEqual([false, true]);
    now = 60_001;
    expect(isKept("failed")).toBe(false);
  });

  test("ends when the clock passes a threshold, or at midnight where that comes before", async () => {
    await fills.invalidations.watch(PLAN);
    want("timed");
    await arrives("10:10:", rows(), 30);
    want("dated", { ...PLAN, expiry: "midnight" });
    await arrives("10:10:", rows(), 70);
    now = 29;
    expect([isKept("timed"), isKept("dated")]).toEqual([true, true]);
    now = 30;
    expect([isKept("timed"), isKept("dated")]).toEqual([false, true]);
    now = 50;
    expect(isKept("dated")).toBe(false);
  });

  test("makes room for later ones within the budget of its cache, least recently used first", async () => {
    await fills.invalidations.watch(PLAN);
    for (const key of ["a", "b", "c"]) {
      want(key, PLAN, 1500);
      await arrives("10:10:");
      fills.invalidations.find("a");
    }
    expect(["a", "b", "c"].map((key) => isKept(key))).toEqual([true, false, true]);
    expect(fills.store.usage(1)).toMatchObject({ rows: 2 });
    expect(fills.store.evicted).toBe(1);
    fills.invalidations.dropCache(1);
    expect(fills.store.usage(1)).toEqual({ rows: 0, bytes: 0 });
    expect([fills.store.size, fills.store.bytes]).toEqual([0, 0]);
  });
});

test("transaction ids get the epoch in which they are nearest to the latest", () => {
  const ids = new TransactionIds();
  ids.observe(0x1_ffff_fff0n);
  expect(ids.whole(0xffff_ffe0)).toBe(0x1_ffff_ffe0n);
  expect(ids.whole(5)).toBe(0x2_0000_0005n);
  expect(ids.whole(0xffff_fff8)).toBe(0x1_ffff_fff8n);
  expect(ids.whole(6)).toBe(0x2_0000_0006n);
});

test("a snapshot sees what has ended before it", () => {
  const snapshot = must(UpstreamSnapshot.parse("10:20:10,15"));
  expect([9n, 10n, 14n, 15n, 19n, 20n].map((xid) => snapshot.sees(xid))).toEqual([
    true,
    false,
    true,
    false,
    true,
    false,
  ]);
  expect(UpstreamSnapshot.parse("10:20")).toBeUndefined();
  expect(UpstreamSnapshot.parse("7:7:")?.sees(6n)).toBe(true);
});
