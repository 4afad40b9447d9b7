import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { must } from "@freshet/base";
import {
  decodeOutboxDelta,
  decodeViewStatus,
  type Engine,
  ENTRY_TAG,
  META_ARRANGEMENT,
  outboxArrangement,
  VIEW_CHANGES_ARRANGEMENT,
  viewArrangement,
  viewEntryRows,
  viewStatusKey,
} from "@freshet/contract";
import type { Plan } from "@freshet/sql";
import { MemoryStore, openStore, type Store } from "@freshet/store";
import { createCodecs } from "@freshet/values";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEngine } from "../create-engine.ts";
import { ReferenceEvaluator } from "../reference/evaluate-plan.ts";
import { joinPairs, OPERATOR_KINDS, plans, plansOfKind, queryOf } from "../testing/plan-arbitrary.ts";
import { fakeUpstreamCalls } from "../testing/upstream-calls-arbitrary.ts";
import { type TableEvent, tableEvents, TEST_TABLES, UpstreamModel } from "../testing/upstream-model.ts";

const RUNS = Number(process.env["FC_RUNS_MULTIPLIER"] ?? 1);

/** What happens, in order: a commit, a restart, a step of every build, a new cache, a dropped one. */
type Step =
  | { readonly kind: "commit"; readonly events: readonly TableEvent[]; readonly staged: boolean }
  | { readonly kind: "restart" | "build" | "create" | "drop" | "collect" };

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("commit" as const),
      events: fc.array(tableEvents, { maxLength: 9 }),
      staged: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: "build" as const }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { kind: "create" as const },
      { kind: "restart" as const },
      { kind: "drop" as const },
      { kind: "collect" as const },
    ),
  },
);

const codecs = createCodecs([]);
const options = { chunk: { rows: 3, bytes: 1 << 20 }, buildStepRows: 5, upstreamCalls: fakeUpstreamCalls };

type Multiset = Map<string, number>;

function add(rows: Multiset, row: Buffer, weight: number): void {
  const name = row.toString("latin1");
  const sum = (rows.get(name) ?? 0) + weight;
  if (sum === 0) rows.delete(name);
  else rows.set(name, sum);
}

const sorted = (rows: Multiset): [string, number][] => [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1));

/** An engine on a store, its caches, and the upstream's model beside it. */
class Scene {
  readonly #store: () => Store;
  readonly #plans: readonly Plan[];
  readonly #upstream = new UpstreamModel();
  readonly #caches = new Map<number, { readonly plan: Plan; readonly initial: Multiset | null }>();
  #current: Store;
  #engine: Engine;
  #nextCache = 1;

  constructor(store: () => Store, chosen: readonly Plan[]) {
    this.#store = store;
    this.#plans = chosen;
    this.#current = store();
    this.#engine = createEngine(this.#current, options);
  }

  async load(events: readonly TableEvent[], during: readonly TableEvent[]): Promise<void> {
    await this.#engine.reset({ systemIdentifier: "1", timeline: 1, databaseOid: 1, slotName: "s", lsn: 1000n });
    this.#upstream.commit(events);
    for (const table of TEST_TABLES) await this.#engine.beginTable(table, this.#upstream.lsn);
    const contents = TEST_TABLES.map((_table, index) => this.#upstream.snapshot(index));
    await this.#engine.apply([this.#upstream.commit(during)]);
    for (const [index, table] of TEST_TABLES.entries()) await this.#engine.loadRows(table.oid, must(contents[index]));
    await this.#engine.apply([this.#upstream.commit(during)]);
    for (const table of TEST_TABLES) await this.#engine.endTable(table.oid);
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case "commit":
        return await this.#commit(step.events, step.staged);
      case "restart":
        await this.#engine.close();
        this.#current = this.#store();
        this.#engine = createEngine(this.#current, options);
        return;
      case "build":
        await this.#build(1);
        return;
      case "create":
        return await this.create();
      case "drop":
        for (const id of [...this.#caches.keys()].slice(0, 1)) {
          await this.#engine.dropCache(id);
          this.#caches.delete(id);
        }
        return;
      case "collect":
        await this.#engine.collectGarbage();
    }
  }

  async create(): Promise<void> {
    const id = this.#nextCache++;
    const plan = must(this.#plans[id % this.#plans.length]);
    await this.#engine.createCache({ id, plan: queryOf(plan), writeBack: true, attributes: "" });
    this.#caches.set(id, { plan, initial: null });
  }

  async #commit(events: readonly TableEvent[], staged: boolean): Promise<void> {
    const commit = this.#upstream.commit(events, staged ? 200 : 1 << 20);
    if (!staged) {
      await this.#engine.apply([commit, this.#upstream.commit(events)]);
      return;
    }
    const half = commit.changes.length >> 1;
    await this.#engine.stage(commit.changes.slice(0, half));
    await this.#engine.apply([{ ...commit, changes: commit.changes.slice(half) }]);
  }

  async #build(count: number): Promise<boolean> {
    let open = false;
    for (const [id, cache] of this.#caches) {
      for (let i = 0; i < count && cache.initial === null; i++) {
        if ((await this.#engine.buildStep(id)).done) {
          this.#caches.set(id, { plan: cache.plan, initial: this.#view(id) });
          break;
        }
        open = i === count - 1;
      }
    }
    return open;
  }

  async finish(): Promise<void> {
    while (await this.#build(50)) await this.#commit([], false);
    this.expectExact();
    for (let more = true; more;) more = await this.#engine.collectGarbage();
    for (const id of this.#caches.keys()) await this.#engine.dropCache(id);
    for (const table of TEST_TABLES) await this.#engine.dropTable(table.oid);
    for (let more = true; more;) more = await this.#engine.collectGarbage();
    const left = this.#current.read((reads) => {
      const entries: number[] = [];
      for (let id = 2; id < 2000; id++) {
        const isLog = id === VIEW_CHANGES_ARRANGEMENT;
        if (!isLog && [...reads.scan(id, { limit: 1 })].length > 0) entries.push(id);
      }
      return entries;
    });
    expect(left).toEqual([]);
    await this.#engine.close();
  }

  /** Every ready cache's view is the reference's result, and its outbox leads to it. */
  expectExact(): void {
    const tables = this.#upstream.reference();
    for (const [id, { plan, initial }] of this.#caches) {
      const status = this.#current.read((reads) =>
        decodeViewStatus(must(reads.get(META_ARRANGEMENT, viewStatusKey(id)))),
      );
      expect(status.ready).toBe(initial !== null);
      if (initial === null) continue;
      const reference = new ReferenceEvaluator(tables, codecs, [], fakeUpstreamCalls);
      const expected: Multiset = new Map();
      for (const row of reference.evaluate(plan)) add(expected, row, 1);
      expect(sorted(this.#view(id))).toEqual(sorted(expected));
      expect(status.errors).toBe(reference.errors);
      expect(status.rows).toBe([...expected.values()].reduce((sum, weight) => sum + weight, 0));
      const written: Multiset = new Map(initial);
      this.#current.read((reads) => {
        for (const { value } of reads.scan(outboxArrangement(id))) {
          const { row, weight } = decodeOutboxDelta(value);
          add(written, row, weight);
        }
      });
      expect(sorted(written)).toEqual(sorted(expected));
    }
  }

  #view(id: number): Multiset {
    const rows: Multiset = new Map();
    this.#current.read((reads) => {
      for (const { value } of reads.scanPrefix(viewArrangement(id), Buffer.from([ENTRY_TAG]))) {
        for (const { weight, row } of viewEntryRows(value)) add(rows, row, weight);
      }
    });
    return rows;
  }
}

async function play(
  store: () => Store,
  chosen: readonly Plan[],
  events: readonly TableEvent[],
  during: readonly TableEvent[],
  taken: readonly Step[],
): Promise<void> {
  const scene = new Scene(store, chosen);
  await scene.load(events, during);
  await scene.create();
  for (const step of taken) {
    await scene.take(step);
    scene.expectExact();
  }
  await scene.finish();
}

const initialEvents = fc.array(tableEvents, { maxLength: 30 });
const duringEvents = fc.array(tableEvents, { maxLength: 6 });

describe.each(OPERATOR_KINDS)("the operator law holds for %s", (kind) => {
  test("in memory, over random commits, builds and restarts", async () => {
    await fc.assert(
      fc.asyncProperty(
        plansOfKind(kind, 1),
        initialEvents,
        duringEvents,
        fc.array(steps, { maxLength: 12 }),
        async (plan, events, during, taken) => {
          const store = new MemoryStore();
          await play(() => store, [plan], events, during, [
            { kind: "build" },
            { kind: "build" },
            { kind: "build" },
            ...taken,
          ]);
        },
      ),
      { numRuns: 40 * RUNS },
    );
  });
});

describe("whole plans that share their parts", () => {
  test("two joins of the same inputs, in memory", async () => {
    await fc.assert(
      fc.asyncProperty(
        joinPairs,
        initialEvents,
        duringEvents,
        fc.array(steps, { maxLength: 25 }),
        async ([first, second], events, during, taken) => {
          const store = new MemoryStore();
          const build: Step = { kind: "build" };
          await play(() => store, [first, second], events, during, [
            build,
            build,
            build,
            build,
            build,
            { kind: "create" },
            ...taken,
          ]);
        },
      ),
      { numRuns: 120 * RUNS },
    );
  });

  test("in memory", async () => {
    await fc.assert(
      fc.asyncProperty(
        plans(3),
        plans(2),
        initialEvents,
        duringEvents,
        fc.array(steps, { maxLength: 25 }),
        async (first, second, events, during, taken) => {
          const store = new MemoryStore();
          await play(() => store, [first, second], events, during, taken);
        },
      ),
      { numRuns: 120 * RUNS },
    );
  });

  test("in LMDB", async () => {
    await fc.assert(
      fc.asyncProperty(
        plans(3),
        initialEvents,
        duringEvents,
        fc.array(steps, { maxLength: 15 }),
        async (plan, events, during, taken) => {
          const directory = mkdtempSync(join(tmpdir(), "freshet-engine-"));
          try {
            await play(() => openStore(directory), [plan], events, during, [...taken, { kind: "restart" }]);
          } finally {
            rmSync(directory, { recursive: true });
          }
        },
      ),
      { numRuns: 20 * RUNS },
    );
  });
});
