import process from "node:process";
import { FreshetError, must } from "@freshet/base";
import {
  decodeKeyHeader,
  decodeViewStatus,
  type Engine,
  ENTRY_TAG,
  HEADER_TAG,
  META_ARRANGEMENT,
  viewArrangement,
  viewEntryRows,
  viewStatusKey,
} from "@freshet/contract";
import type { Plan, QueryPlan } from "@freshet/sql";
import { MemoryStore } from "@freshet/store";
import { unpackRow } from "@freshet/values";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEngine } from "../create-engine.ts";
import { binary, type OperatorKind, plans, plansOfKind, queryOf } from "../testing/plan-arbitrary.ts";
import { fakeUpstreamCalls } from "../testing/upstream-calls-arbitrary.ts";
import { type TableEvent, tableEvents, TEST_TABLES, UpstreamModel } from "../testing/upstream-model.ts";
import { KEY_COST } from "./partial-keys.ts";

const RUNS = Number(process.env["FC_RUNS_MULTIPLIER"] ?? 1);

const [COMPLETE, PARTIAL] = [1, 2];
const options = { chunk: { rows: 3, bytes: 1 << 20 }, buildStepRows: 5, upstreamCalls: fakeUpstreamCalls };

/** `fill`: keys of some of the complete view's rows, counted from its first; `absent`: a key that few views hold; `use`: as read. */
type Step =
  | { readonly kind: "commit"; readonly events: readonly TableEvent[] }
  | { readonly kind: "fill"; readonly rows: readonly number[] }
  | { readonly kind: "use"; readonly row: number }
  | { readonly kind: "absent" | "restart" };

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(tableEvents, { maxLength: 9 }).map((events) => ({ kind: "commit" as const, events })),
  },
  {
    weight: 5,
    arbitrary: fc
      .array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 4 })
      .map((rows) => ({ kind: "fill" as const, rows })),
  },
  { weight: 1, arbitrary: fc.nat({ max: 40 }).map((row) => ({ kind: "use" as const, row })) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: "absent" as const }, { kind: "restart" as const }) },
);

/** The plan with parameters for one or two of its columns. */
function keyed(plan: Plan): fc.Arbitrary<QueryPlan> {
  return fc.uniqueArray(fc.nat({ max: plan.columns.length - 1 }), { minLength: 1, maxLength: 2 }).map((columns) => ({
    ...queryOf(plan),
    parameters: columns.map((column) => ({ type: must(plan.columns[column]), list: false })),
    equality: columns.map((column, parameter) => ({ column, parameter })),
  }));
}

/** Rows and bytes as the headers say, by key. */
type Headers = ReadonlyMap<string, { readonly rows: number; readonly bytes: number }>;

/** What a view holds of one key. */
interface Entries {
  readonly texts: string[];
  rows: number;
  bytes: number;
}

/** Two caches of one query, the second one partial. What it holds must be what the first holds of these keys. */
class Scene {
  readonly #query: QueryPlan;
  readonly #store = new MemoryStore();
  readonly #upstream = new UpstreamModel();
  readonly maxBytes: number;
  #engine: Engine = createEngine(this.#store, options);
  filled = 0;

  constructor(query: QueryPlan, maxBytes: number) {
    this.#query = query;
    this.maxBytes = maxBytes;
  }

  /** False where the query cannot be kept in part. */
  async begin(events: readonly TableEvent[]): Promise<boolean> {
    await this.#engine.reset({ systemIdentifier: "1", timeline: 1, databaseOid: 1, slotName: "s", lsn: 1000n });
    this.#upstream.commit(events);
    for (const [index, table] of TEST_TABLES.entries()) {
      await this.#engine.beginTable(table, this.#upstream.lsn);
      await this.#engine.loadRows(table.oid, this.#upstream.snapshot(index));
      await this.#engine.endTable(table.oid);
    }
    try {
      await this.#engine.check(this.#query, { partial: true });
    } catch (thrown) {
      if (thrown instanceof FreshetError && thrown.code === "0A000") return false;
      throw thrown;
    }
    const shared = { plan: this.#query, writeBack: false, attributes: "" };
    await this.#engine.createCache({ id: COMPLETE, ...shared });
    await this.#engine.createCache({ id: PARTIAL, ...shared, maxBytes: this.maxBytes });
    for (const id of [COMPLETE, PARTIAL]) while (!(await this.#engine.buildStep(id)).done) continue;
    return true;
  }

  async take(step: Step): Promise<void> {
    if (step.kind === "commit") await this.#engine.apply([this.#upstream.commit(step.events)]);
    else if (step.kind === "fill") await this.#fill(step.rows);
    else if (step.kind === "absent") await this.#engine.fillKeys(PARTIAL, [this.#absentKey()], []);
    else if (step.kind === "use") await this.#use(step.row);
    else {
      await this.#engine.close();
      this.#engine = createEngine(this.#store, options);
    }
  }

  /** What the partial view holds is what the complete one does, and its size is what its headers say. */
  expectExact(): void {
    const headers = this.#headers();
    const [complete, partial] = [this.#entries(COMPLETE, headers), this.#entries(PARTIAL, headers)];
    expect(partial.has(null)).toBe(false);
    let bytes = 0;
    let rows = 0;
    for (const [key, header] of headers) {
      const whole = complete.get(key);
      expect(partial.get(key)?.texts ?? []).toEqual(whole?.texts ?? []);
      expect(header).toEqual({ rows: whole?.rows ?? 0, bytes: whole?.bytes ?? 0 });
      bytes += header.bytes + KEY_COST;
      rows += header.rows;
    }
    const [whole, part] = [this.#status(COMPLETE), this.#status(PARTIAL)];
    expect(part).toMatchObject({ ready: whole.ready, errors: whole.errors, rows, bytes });
    expect(bytes).toBeLessThanOrEqual(this.maxBytes);
  }

  async close(): Promise<void> {
    await this.#engine.close();
  }

  async #fill(rows: readonly number[]): Promise<void> {
    const keys = rows.flatMap((row) => this.#keyOfRow(row));
    const outcomes = await this.#engine.fillKeys(PARTIAL, keys, []);
    for (const outcome of outcomes) expect(["kept", "too large"]).toContain(outcome);
    this.filled += outcomes.filter((outcome) => outcome === "kept").length;
  }

  async #use(at: number): Promise<void> {
    const headers = [...this.#headers().keys()];
    const key = headers[at % Math.max(1, headers.length)];
    if (key === undefined) return;
    await this.#engine.fillKeys(PARTIAL, [], [Buffer.concat([Buffer.from([HEADER_TAG]), Buffer.from(key, "latin1")])]);
  }

  /** The key of one of the complete view's rows, if there is one. */
  #keyOfRow(at: number): Buffer[][] {
    return this.#store.read((reads) => {
      const entries = [...reads.scanPrefix(viewArrangement(COMPLETE), Buffer.from([ENTRY_TAG]))];
      const rows = entries.flatMap(({ value }) => viewEntryRows(value));
      const found = rows[at % Math.max(1, rows.length)];
      if (found === undefined) return [];
      const columns = unpackRow(found.row);
      return [this.#query.equality.map(({ column }) => must(columns[column]))];
    });
  }

  #absentKey(): Buffer[] {
    return this.#query.equality.map(({ column }) => {
      const type = must(this.#query.plan.columns[column]);
      return must(binary(type, type.typeOid === 16 ? "true" : "77"));
    });
  }

  #status(id: number): ReturnType<typeof decodeViewStatus> {
    return this.#store.read((reads) => decodeViewStatus(must(reads.get(META_ARRANGEMENT, viewStatusKey(id)))));
  }

  /** The partial view's headers, by key without its tag. */
  #headers(): Headers {
    const headers = new Map<string, { rows: number; bytes: number }>();
    this.#store.read((reads) => {
      for (const { key, value } of reads.scanPrefix(viewArrangement(PARTIAL), Buffer.from([HEADER_TAG]))) {
        const { rows, bytes } = decodeKeyHeader(value);
        headers.set(key.toString("latin1", 1), { rows, bytes });
      }
    });
    return headers;
  }

  /** A view's entries by the key of their header; null: without one. */
  #entries(id: number, headers: Headers): Map<string | null, Entries> {
    const found = new Map<string | null, Entries>();
    const known = [...headers.keys()];
    this.#store.read((reads) => {
      for (const { key, value } of reads.scanPrefix(viewArrangement(id), Buffer.from([ENTRY_TAG]))) {
        const text = key.toString("latin1", 1);
        const name = known.find((header) => text.startsWith(header)) ?? null;
        const entries = found.get(name) ?? { texts: [], rows: 0, bytes: 0 };
        for (const { weight, row } of viewEntryRows(value)) {
          entries.texts.push(`${weight} ${row.toString("latin1")}`);
          entries.rows += weight;
          entries.bytes += weight * row.length;
        }
        found.set(name, entries);
      }
    });
    return found;
  }
}

const KINDS: readonly OperatorKind[] = [
  "scan",
  "filter",
  "project",
  "expand",
  "join",
  "aggregate",
  "distinct",
  "union-all",
  "top-k",
  "upstream-calls",
];

/** How often a key was filled: a test in which none was would say nothing. */
async function play(query: QueryPlan, events: readonly TableEvent[], maxBytes: number, taken: readonly Step[]) {
  const scene = new Scene(query, maxBytes);
  const begun = await scene.begin(events);
  for (const step of begun ? taken : []) {
    await scene.take(step);
    scene.expectExact();
  }
  await scene.close();
  return scene.filled;
}

const bounds = fc.constantFrom(1 << 20, 1 << 20, 700, 3000);
const initialEvents = fc.array(tableEvents, { maxLength: 30 });

let filled = 0;

async function assertHolds(chosen: fc.Arbitrary<Plan>, numRuns: number): Promise<void> {
  const queries = chosen.filter((plan) => plan.columns.length > 0).chain(keyed);
  const property = fc.asyncProperty(
    queries,
    initialEvents,
    bounds,
    fc.array(steps, { maxLength: 12 }),
    async (query, events, maxBytes, taken) => {
      filled += await play(query, events, maxBytes, taken);
    },
  );
  await fc.assert(property, { numRuns });
}

describe("a partial view holds what the complete one holds of its keys", () => {
  test.each(KINDS)("over %s", async (kind) => {
    await assertHolds(plansOfKind(kind, 1), 40 * RUNS);
  });

  test("over whole plans", async () => {
    await assertHolds(plans(3), 100 * RUNS);
    expect(filled).toBeGreaterThan(0);
  });
});
