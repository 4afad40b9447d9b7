import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { assert, must, silentLogger } from "@freshet/base";
import { ChangeWriter, type Commit, type Engine, OldRow } from "@freshet/contract";
import { createEngine } from "@freshet/engine";
import { loadParser } from "@freshet/sql";
import { MemoryStore } from "@freshet/store";
import { DEFAULT_TEXT_SETTINGS, Oid, type TextSettings } from "@freshet/values";
import { BIND_COMPLETE, readyForQuery, selectComplete } from "@freshet/wire";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { CacheCatalog } from "../caches/cache-catalog.ts";
import { CatalogFile } from "../caches/catalog-file.ts";
import { CompiledCaches } from "../front/compiled-caches.ts";
import { ViewFront } from "../front/cache-front.ts";
import { Privileges } from "../front/privileges.ts";
import { ProxiedQueries } from "../front/proxied-queries.ts";
import { InvalidatingRead } from "../invalidate/invalidating-read.ts";
import { ReplicationHealth } from "../replication/health.ts";
import type { PreparedRoute, SessionFacts } from "../session/front-ports.ts";
import { fakeFills } from "../testing/fake-fills.ts";
import { FakeSource } from "../testing/fake-source.ts";
import { intPlan, intRow, intValue } from "../testing/int-view.ts";
import { KeptFront } from "./kept-front.ts";

const numRuns = 30 * Number(process.env["FC_RUNS_MULTIPLIER"] ?? 1);
const KEYS = 3;
const TEXT = "SELECT c0, c1 FROM t WHERE c1 = $1";
const INT4 = { typeOid: Oid.int4, typmod: -1, collation: 0 };
const FACTS: SessionFacts = {
  role: "reader",
  database: "db",
  schemas: ["public"],
  hasTemporaryObjects: false,
  clientEncoding: "UTF8",
  text: DEFAULT_TEXT_SETTINGS,
  formatSettings: [],
  deviatingSettings: [],
  consistency: "session",
  insertLsn: 0n,
};

beforeAll(() => loadParser());

/** One view over (c0, c1), asked by c1, with the engine that maintains it and a front that keeps answers beside one that does not. */
class Twins {
  readonly #folder = mkdtempSync(join(tmpdir(), "freshet-kept-"));
  readonly #store = new MemoryStore();
  readonly #source = new FakeSource();
  readonly #catalog = new CacheCatalog(new CatalogFile(join(this.#folder, "caches.json")));
  readonly #rows = new Map<number, number>();
  readonly #healths: ReplicationHealth[] = [];
  readonly #kept: ViewFront;
  readonly #plain: ViewFront;
  readonly #route: PreparedRoute;
  #engine: Engine = createEngine(this.#store);
  #lsn = 100n;
  #time = 0;
  #transaction = 0;
  served = 0;

  constructor(maxBytes: number) {
    this.#kept = this.#front(maxBytes);
    this.#plain = this.#front(0);
    this.#route = this.#kept.prepare(TEXT);
  }

  #front(maxBytes: number): ViewFront {
    const clock = (): number => this.#time;
    const health = new ReplicationHealth(this.#source, 1e9, clock);
    health.restart(this.#lsn);
    this.#healths.push(health);
    const common = {
      database: () => "db",
      catalog: this.#catalog,
      health,
      privileges: new Privileges(() => Promise.resolve([["t", "f"]]), 1e9, clock),
      zones: { complete: (settings: TextSettings) => settings, want: () => Promise.resolve() },
      reader: () => this.#store.reader(),
      clock,
      onAnswered: () => undefined,
    };
    const { invalidations } = fakeFills(this.#source);
    return new ViewFront({
      ...common,
      kept: new KeptFront({ ...common, maxBytes }),
      compiled: new CompiledCaches(),
      fills: { want: () => false, use: () => undefined },
      invalidating: new InvalidatingRead({ invalidations, health, maxResultBytes: 1e6, maxBytes: 1 }),
      queries: new ProxiedQueries(1),
      upstreamLsn: { current: () => Promise.resolve(0n) },
      limits: { maxResultBytes: 1e6, readScanRows: 1e6, sessionReadTimeoutMs: 5, strongReadTimeoutMs: 5 },
      logger: silentLogger(),
      onSchemaStatement: () => undefined,
      onTransactionStatement: () => undefined,
    });
  }

  async start(): Promise<void> {
    await this.#engine.reset({ systemIdentifier: "1", timeline: 1, databaseOid: 1, slotName: "s", lsn: this.#lsn });
    const column = (attribute: number, name: string) => ({ attribute, name, typeOid: Oid.int4, typmod: -1 });
    await this.#engine.beginTable(
      {
        oid: 1,
        schema: "public",
        name: "t",
        columns: [column(1, "c0"), column(2, "c1")],
        identity: { kind: "key", columns: [0] },
      },
      this.#lsn,
    );
    await this.#engine.endTable(1);
    await this.create("first");
    for (const front of [this.#kept, this.#plain]) await front.execute(this.#route, FACTS, 0n, this.#bind(0), []);
  }

  async create(name: string): Promise<void> {
    const request = { name, text: TEXT, queryId: name, searchPath: ["public"], owner: "me" };
    const cache = this.#catalog.add({ ...request, writeTo: null, mode: "auto", maxBytes: null });
    const plan = intPlan(2, 2, {
      parameters: [{ type: INT4, list: false }],
      equality: [{ column: 1, parameter: 0 }],
      sort: [{ column: 0, descending: false, nullsFirst: false }],
    });
    const { shapeKey } = must(this.#route.info.shape);
    cache.setPlan({
      mode: "incremental",
      planned: { plan, shapeKey, slots: [{ kind: "parameter", parameter: 0 }], parameterTypes: [], notes: [] },
    });
    await this.#engine.createCache({ id: cache.id, plan, writeBack: false, attributes: "" });
    while (!(await this.#engine.buildStep(cache.id)).done);
    cache.phase = "ready";
    this.#catalog.index(cache);
  }

  /** The cache's name and shape for another build. */
  async recreate(): Promise<void> {
    const [cache] = this.#catalog.all();
    assert(cache !== undefined, "there is always one cache");
    this.#catalog.remove(cache);
    await this.#engine.dropCache(cache.id);
    while (await this.#engine.collectGarbage());
    await this.create("first");
    for (const front of [this.#kept, this.#plain]) await front.execute(this.#route, FACTS, 0n, this.#bind(0), []);
  }

  /** A new engine on the same store, as after a crash. */
  async restart(): Promise<void> {
    this.#engine = createEngine(this.#store);
    await this.#engine.open();
  }

  /** Sets c1 of the row `c0`; null: deletes it. "all": truncates. */
  async commit(changes: readonly (readonly [c0: number, c1: number | null])[] | "all"): Promise<void> {
    const writer = new ChangeWriter();
    if (changes === "all") {
      writer.truncate(1);
      this.#rows.clear();
    } else for (const [c0, c1] of changes) this.#change(writer, c0, c1);
    this.#lsn += 10n;
    const commit: Commit = {
      commitLsn: this.#lsn - 5n,
      endLsn: this.#lsn,
      commitTime: 0n,
      changes: writer.take(),
      schemaChanged: false,
      xid: ++this.#transaction,
      touched: [],
    };
    await this.#engine.apply([commit]);
    for (const health of this.#healths) health.advance(this.#lsn);
  }

  #change(writer: ChangeWriter, c0: number, c1: number | null): void {
    const before = this.#rows.get(c0);
    if (c1 === null) {
      if (before !== undefined) writer.delete(1, OldRow.full, intRow([c0, before]));
      this.#rows.delete(c0);
      return;
    }
    if (before === undefined) writer.insert(1, intRow([c0, c1]));
    else writer.update(1, OldRow.full, intRow([c0, before]), intRow([c0, c1]));
    this.#rows.set(c0, c1);
  }

  #bind(key: number): { values: (Buffer | null)[]; formats: number[]; typeOids: number[] } {
    return { values: [intValue(key)], formats: [1], typeOids: [] };
  }

  /** The kept answer, or else the one that is made; and the one of the other front, and of the rows themselves. */
  ask(key: number, formats: readonly number[], text: TextSettings): void {
    this.#time += 1;
    const facts = { ...FACTS, text };
    const expected = this.#execute(this.#plain, key, formats, facts, null);
    const question = `${key} ${formats.join()}`;
    const questions = must(this.#kept.kept(TEXT, facts, []));
    const hit = questions.find(question, this.#lsn);
    if (hit !== null) this.served++;
    const answer = hit?.bytes ?? this.#execute(this.#kept, key, formats, facts, { questions, key: question });
    expect(Buffer.from(answer, "latin1").toString("hex")).toBe(Buffer.from(expected, "latin1").toString("hex"));
    const count = [...this.#rows.values()].filter((c1) => c1 === key).length;
    expect(answer.endsWith(`SELECT ${count}\0${readyForQuery("I").toString("latin1")}`)).toBe(true);
    if (hit !== null) expect(hit.lsn).toBe(this.#lsn);
  }

  #execute(
    front: ViewFront,
    key: number,
    formats: readonly number[],
    facts: SessionFacts,
    keep: Parameters<ViewFront["execute"]>[5],
  ): string {
    const answer = front.execute(this.#route, facts, this.#lsn, this.#bind(key), formats, keep);
    assert(!(answer instanceof Promise) && answer.kind === "hit", "every question is answered from the view");
    const rows = answer.rowCount === 0 ? [] : [answer.dataRows(formats, 0, answer.rowCount)];
    const parts = [BIND_COMPLETE, answer.rowDescription(formats), ...rows, selectComplete(answer.rowCount)];
    return Buffer.concat([...parts, readyForQuery("I")]).toString("latin1");
  }

  end(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

const key = fc.nat(KEYS - 1);
const change = fc.tuple(fc.nat(12), fc.option(key, { nil: null }));
const step = fc.oneof(
  {
    weight: 24,
    arbitrary: fc.record({
      ask: key,
      formats: fc.constantFrom([], [1]),
      other: fc.nat(5).map((number) => number === 0),
    }),
  },
  { weight: 4, arbitrary: fc.record({ commit: fc.array(change, { maxLength: 5 }) }) },
  { weight: 1, arbitrary: fc.constant({ commit: "all" as const }) },
  { weight: 1, arbitrary: fc.constant("restart" as const) },
  { weight: 1, arbitrary: fc.constant("recreate" as const) },
);

test("what is kept is what would be read, whatever is committed", async () => {
  let served = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 120, size: "max" }),
      fc.constantFrom(80_000, 1 << 20),
      async (steps, maxBytes) => {
        const twins = new Twins(maxBytes);
        try {
          await twins.start();
          for (const one of steps) {
            if (one === "restart") await twins.restart();
            else if (one === "recreate") await twins.recreate();
            else if ("commit" in one) await twins.commit(one.commit);
            else twins.ask(one.ask, one.formats, one.other ? OTHER_TEXT : DEFAULT_TEXT_SETTINGS);
          }
          served += twins.served;
        } finally {
          twins.end();
        }
      },
    ),
    { numRuns },
  );
  expect(served).toBeGreaterThan(numRuns);
});

const OTHER_TEXT: TextSettings = { ...DEFAULT_TEXT_SETTINGS, extraFloatDigits: 0 };
