import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, must, silentLogger } from "@freshet/base";
import { ChangeWriter, type Commit, type Engine, OldRow } from "@freshet/contract";
import { createEngine } from "@freshet/engine";
import { inspectStatement } from "@freshet/sql";
import { MemoryStore, type StoreReader } from "@freshet/store";
import { DEFAULT_TEXT_SETTINGS, type Lsn, Oid, type TextSettings } from "@freshet/values";
import { CacheCatalog } from "../caches/cache-catalog.ts";
import { CatalogFile } from "../caches/catalog-file.ts";
import { ViewFront } from "../front/cache-front.ts";
import { CompiledCaches } from "../front/compiled-caches.ts";
import { Privileges } from "../front/privileges.ts";
import { ProxiedQueries } from "../front/proxied-queries.ts";
import { InvalidatingRead } from "../invalidate/invalidating-read.ts";
import { KeptFront } from "../kept/kept-front.ts";
import { ReplicationHealth } from "../replication/health.ts";
import type { SessionFacts } from "../session/front-ports.ts";
import { fakeFills } from "./fake-fills.ts";
import { FakeSource } from "./fake-source.ts";
import { intPlan, intRow, intValue } from "./int-view.ts";

/** What the table's one cache answers. */
export const INT_TABLE_TEXT = "SELECT c0, c1 FROM t WHERE c1 = $1";
export const INT_TABLE_FACTS: SessionFacts = {
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
const INT4 = { typeOid: Oid.int4, typmod: -1, collation: 0 };

/** A table (c0, c1) of integers with the key c0, the engine that maintains a view of it by c1, and fronts that read it. */
export class IntTable {
  readonly #folder = mkdtempSync(join(tmpdir(), "freshet-int-table-"));
  readonly #store = new MemoryStore();
  readonly #reader: StoreReader = this.#store.reader();
  readonly #source = new FakeSource();
  readonly #catalog = new CacheCatalog(new CatalogFile(join(this.#folder, "caches.json")));
  readonly #rows = new Map<number, number>();
  readonly #history = new Map<Lsn, ReadonlyMap<number, number>>();
  readonly #healths: ReplicationHealth[] = [];
  #engine: Engine = createEngine(this.#store);
  #lsn = 100n;
  #transaction = 0;
  /** In milliseconds. */
  time = 0;

  /** What the views have reached. */
  get lsn(): Lsn {
    return this.#lsn;
  }

  /** The values of c0 in the rows with this c1, in order, as of a commit's LSN. */
  rowsAt(lsn: Lsn, c1: number): readonly number[] {
    const rows = [...must(this.#history.get(lsn), "a state of the table")];
    return rows
      .filter(([, value]) => value === c1)
      .map(([c0]) => c0)
      .toSorted((a, b) => a - b);
  }

  /** `keptBytes`: memory for kept answers, and as much for large ones; `largeBytes`: what makes an answer a large one. */
  front(keptBytes: number, largeBytes = 1e6): ViewFront {
    const clock = (): number => this.time;
    const health = new ReplicationHealth(this.#source, 1e9, clock);
    health.restart(this.#lsn);
    this.#healths.push(health);
    const common = {
      database: () => "db",
      catalog: this.#catalog,
      health,
      privileges: new Privileges(() => Promise.resolve([["t", "f"]]), 1e9, clock),
      zones: { complete: (settings: TextSettings) => settings, want: () => Promise.resolve() },
      reader: () => this.#reader,
      clock,
      onAnswered: () => undefined,
    };
    const { invalidations } = fakeFills(this.#source);
    return new ViewFront({
      ...common,
      kept: new KeptFront({ ...common, maxBytes: keptBytes, maxLargeBytes: keptBytes }),
      compiled: new CompiledCaches(),
      fills: { want: () => false, use: () => undefined },
      invalidating: new InvalidatingRead({ invalidations, health, maxResultBytes: 1e6, maxBytes: 1 }),
      queries: new ProxiedQueries(1),
      upstreamLsn: { current: () => Promise.resolve(0n) },
      nudge: { want: () => undefined },
      limits: { maxResultBytes: 1e6, largeBytes, readScanRows: 1e6, sessionReadTimeoutMs: 5, strongReadTimeoutMs: 5 },
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
    await this.#create("first");
    this.#noteState();
  }

  async #create(name: string): Promise<void> {
    const request = { name, text: INT_TABLE_TEXT, queryId: name, searchPath: ["public"], owner: "me" };
    const cache = this.#catalog.add({ ...request, writeTo: null, mode: "auto", maxBytes: null });
    const plan = intPlan(2, 2, {
      parameters: [{ type: INT4, list: false }],
      equality: [{ column: 1, parameter: 0 }],
      sort: [{ column: 0, descending: false, nullsFirst: false }],
    });
    const { shapeKey } = must(inspectStatement(INT_TABLE_TEXT).shape);
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
    await this.#create("first");
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
    this.#noteState();
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

  /** What a Bind of $1 holds. */
  bind(key: number): { values: (Buffer | null)[]; formats: number[]; typeOids: number[] } {
    return { values: [intValue(key)], formats: [1], typeOids: [] };
  }

  #noteState(): void {
    this.#history.set(this.#lsn, new Map(this.#rows));
  }

  end(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
