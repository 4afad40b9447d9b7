import type { ApplyResult, Commit, StreamEvent } from "@freshet/contract";
import type { Lsn } from "@freshet/values";
import { beforeEach, expect, test } from "vitest";
import { Pump } from "./pump.ts";

const commit = (endLsn: Lsn, bytes: number = 1): StreamEvent => ({
  kind: "commit",
  commit: {
    commitLsn: endLsn - 1n,
    endLsn,
    commitTime: 0n,
    changes: [Buffer.alloc(bytes)],
    schemaChanged: false,
    xid: 1,
    touched: [],
  },
});

/** Notes what it is asked to do; `gate` holds the next apply back. */
class FakeEngine {
  readonly calls: string[] = [];
  gate: Promise<void> = Promise.resolve();
  applied: Lsn = 0n;
  failure: Error | null = null;

  async apply(commits: readonly Commit[]): Promise<ApplyResult> {
    this.calls.push(`apply ${commits.map(({ endLsn }) => endLsn).join(" ")}`);
    await this.gate;
    if (this.failure !== null) throw this.failure;
    return this.#reach(commits.at(-1)?.endLsn ?? this.applied);
  }

  async advance(lsn: Lsn): Promise<ApplyResult> {
    this.calls.push(`advance ${lsn}`);
    return this.#reach(lsn);
  }

  async relocate(timeline: number): Promise<void> {
    this.calls.push(`relocate ${timeline}`);
  }

  async flush(): Promise<Lsn> {
    return this.applied;
  }

  async stage(): Promise<void> {
    this.calls.push("stage");
  }

  async discardStaged(): Promise<void> {
    this.calls.push("discard");
  }

  #reach(lsn: Lsn): ApplyResult {
    this.applied = lsn;
    return { appliedLsn: lsn, durableLsn: 0n, caches: [], invalidTables: [] };
  }
}

let engine: FakeEngine;
let acknowledged: Lsn[];
let failures: string[];
let moves: number;
let pump: Pump;
let release: () => void;

beforeEach(() => {
  engine = new FakeEngine();
  acknowledged = [];
  failures = [];
  moves = 0;
  const events = {
    onApplied: () => undefined,
    onMoved: () => void moves++,
    onFailed: (message: string) => void failures.push(message),
  };
  const source = { acknowledge: (lsn: Lsn) => void acknowledged.push(lsn) };
  pump = new Pump(engine, source, { queueBytes: 1000, batchBytes: 300 }, events);
});

function hold(): void {
  engine.gate = new Promise((resolve) => {
    release = resolve;
  });
}

test("nothing flows before it is opened; then in batches of whole commits, acknowledged when durable", async () => {
  for (const lsn of [10n, 20n, 30n]) await pump.accept(commit(lsn, 50));
  expect(engine.calls).toEqual([]);
  pump.open(0n);
  await pump.settle();
  expect(engine.calls).toEqual(["apply 10 20", "apply 30"]);
  expect(acknowledged).toEqual([30n]);
  expect(pump.queuedBytes).toBe(0);
});

test("progress counts behind all commits that came before it, and never goes back", async () => {
  pump.open(0n);
  hold();
  const accepted = [pump.accept(commit(10n)), pump.accept(commit(20n)), pump.accept({ kind: "progress", lsn: 25n })];
  release();
  await Promise.all(accepted);
  await pump.settle();
  await pump.accept({ kind: "progress", lsn: 15n });
  await pump.settle();
  expect(engine.calls).toEqual(["apply 10", "apply 20", "advance 25"]);
  expect(acknowledged.at(-1)).toBe(25n);
});

test("parts go in order before their commit, and are discarded when it breaks off", async () => {
  pump.open(0n);
  await pump.accept({ kind: "part", changes: [Buffer.alloc(1)] });
  await pump.accept({ kind: "abort" });
  await pump.accept({ kind: "part", changes: [Buffer.alloc(1)] });
  await pump.accept(commit(10n));
  await pump.settle();
  expect(engine.calls).toEqual(["stage", "discard", "stage", "apply 10"]);
});

test("another timeline is the engine's before anything of it comes", async () => {
  pump.open(0n);
  await pump.accept(commit(10n));
  await pump.moved({ systemIdentifier: "1", timeline: 2, databaseOid: 1, slotName: "s", lsn: 10n });
  await pump.accept(commit(20n));
  await pump.settle();
  expect(engine.calls).toEqual(["apply 10", "relocate 2", "apply 20"]);
  expect(moves).toBe(1);
});

test("the stream is held while too much waits", async () => {
  pump.open(0n);
  hold();
  await pump.accept(commit(10n));
  let accepted = false;
  const waiting = pump.accept(commit(20n, 2000)).then(() => {
    accepted = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(accepted).toBe(false);
  release();
  await waiting;
  await pump.settle();
  expect(engine.applied).toBe(20n);
});

test("after a failure nothing is applied, acknowledged or kept", async () => {
  pump.open(0n);
  engine.failure = new Error("disk full");
  await pump.accept(commit(10n));
  await pump.settle();
  engine.failure = null;
  for (let lsn = 20n; lsn < 100n; lsn += 10n) await pump.accept(commit(lsn, 900));
  expect(failures).toEqual(["disk full"]);
  expect(engine.calls).toEqual(["apply 10"]);
  expect(acknowledged).toEqual([]);
  expect(pump.queuedBytes).toBe(0);
});

test("a closed one lets its stream end, and begins anew with nothing of it", async () => {
  pump.open(0n);
  hold();
  await pump.accept(commit(10n));
  const waiting = pump.accept(commit(20n, 2000));
  const closed = pump.close();
  release();
  await Promise.all([waiting, closed]);
  await pump.accept(commit(30n, 2000));
  expect(engine.calls).toEqual(["apply 10"]);
  pump.restart();
  await pump.accept(commit(5n));
  expect(engine.calls).toEqual(["apply 10"]);
  pump.open(1n);
  await pump.settle();
  expect(engine.calls).toEqual(["apply 10", "apply 5"]);
  expect(acknowledged.at(-1)).toBe(5n);
});
