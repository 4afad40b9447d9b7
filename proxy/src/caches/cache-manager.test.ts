import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FreshetError, SqlState, must, silentLogger } from "@freshet/base";
import type { Engine, SchemaScope } from "@freshet/contract";
import { createEngine } from "@freshet/engine";
import type { PlannedStatement } from "@freshet/sql";
import { MemoryStore } from "@freshet/store";
import { type Lsn, createCodecs } from "@freshet/values";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ControlConnection } from "../control/control-connection.ts";
import { CompiledCaches } from "../front/compiled-caches.ts";
import { Privileges } from "../front/privileges.ts";
import { ViewRead } from "../front/view-read.ts";
import { ReplicationHealth } from "../replication/health.ts";
import { fakeFills } from "../testing/fake-fills.ts";
import { FakeSource, ORIGIN, intTable } from "../testing/fake-source.ts";
import { intPlan, intRow } from "../testing/int-view.ts";
import { WriteBacks } from "../write-back/write-backs.ts";
import { CacheBuilder } from "./cache-builder.ts";
import { CacheCatalog } from "./cache-catalog.ts";
import { CacheManager } from "./cache-manager.ts";
import type { Cache, CacheRequest } from "./cache.ts";
import { CatalogFile } from "./catalog-file.ts";

const TABLE = 16_384;

/** Plans `columns` of the table without asking an upstream. */
class FixedBuilder extends CacheBuilder {
  columns = 2;
  readonly failures: unknown[] = [];

  override async plan(request: Pick<CacheRequest, "text">): Promise<PlannedStatement> {
    const failure: unknown = this.failures.shift();
    if (failure !== undefined) throw failure;
    const plan = intPlan(this.columns, this.columns);
    const tables = [{ tableOid: TABLE, schema: "public", name: "t" }];
    return {
      plan: {
        ...plan,
        tables,
        plan: { kind: "scan", tableOid: TABLE, attributes: attributes(this.columns), columns: plan.plan.columns },
      },
      shapeKey: request.text,
      slots: [],
      parameterTypes: [],
      notes: [],
    };
  }
}

function attributes(count: number): number[] {
  return Array.from({ length: count }, (_unused, index) => index + 1);
}

/** Counts what would go to tables upstream. */
class CountingWriteBacks extends WriteBacks {
  seeded = 0;
  readonly dropFailures: unknown[] = [];

  override async seed(): Promise<void> {
    this.seeded++;
  }

  override start(): void {
    this.seeded++;
  }

  override async drop(): Promise<void> {
    const failure: unknown = this.dropFailures.shift();
    if (failure !== undefined) throw failure;
  }
}

class World {
  readonly store: MemoryStore;
  readonly engine: Engine;
  readonly catalog: CacheCatalog;
  readonly builder: FixedBuilder;
  readonly health: ReplicationHealth;
  readonly writeBacks: CountingWriteBacks;
  readonly manager: CacheManager;
  retries = 0;
  room: Promise<void> = Promise.resolve();
  now = 0;
  /** Held back until resolved, when set. */
  announcement: Promise<boolean> = Promise.resolve(true);

  constructor(folder: string, store: MemoryStore, source: FakeSource) {
    const clock = (): number => 0;
    const control = new ControlConnection({ connectionString: "", applicationName: "none", connectTimeoutMs: 1 });
    const retry = async (): Promise<void> => {
      this.retries++;
      await new Promise((resolve) => setImmediate(resolve));
    };
    this.store = store;
    this.engine = createEngine(store);
    this.catalog = new CacheCatalog(new CatalogFile(join(folder, "caches.json")));
    this.builder = new FixedBuilder({
      engine: this.engine,
      source,
      control,
      clock,
      room: { assertLeft: () => this.room },
    });
    this.health = new ReplicationHealth(source, 1000, clock);
    const logger = silentLogger();
    this.writeBacks = new CountingWriteBacks({
      instance: "freshet",
      control,
      engine: this.engine,
      reader: () => store.reader(),
      batchRows: 10,
      retry,
      logger,
    });
    this.manager = new CacheManager({
      engine: this.engine,
      source,
      catalog: this.catalog,
      builder: this.builder,
      compiled: new CompiledCaches(),
      privileges: new Privileges(async () => [["t", "f"]], 0, clock),
      permissions: { assertMayCreate: () => Promise.resolve() },
      health: this.health,
      writeBacks: this.writeBacks,
      invalidations: fakeFills(source).invalidations,
      retry,
      clock: () => this.now,
      failedRetryMs: 100,
      logger,
      announced: () => this.announcement,
      settled: async () => undefined,
      notStarted: () => null,
    });
  }

  create(name: string, writeTo: string | null = null, concurrently: boolean = false): Promise<Cache> {
    const request = {
      name,
      text: name,
      queryId: `q_${name}`,
      searchPath: ["public"],
      owner: "me",
      writeTo,
      mode: "incremental" as const,
      maxBytes: null,
    };
    return this.manager.create(request, concurrently, () => undefined);
  }

  /** As if a commit at this position had been applied that changed the schema; without `schemaScope`: anything. */
  changeSchema(endLsn: Lsn, schemaScope?: SchemaScope): void {
    const scope = schemaScope === undefined ? {} : { schemaScope };
    const commit = {
      commitLsn: endLsn,
      endLsn,
      commitTime: 0n,
      changes: [],
      schemaChanged: true,
      ...scope,
      xid: 1,
      touched: [],
    };
    this.manager.onApplied({ appliedLsn: endLsn, durableLsn: endLsn, caches: [], invalidTables: [] }, [commit]);
  }

  rowsOf(cache: Cache): string[] {
    const read = new ViewRead(cache.id, must(cache.planned).plan, createCodecs([]));
    const answer = this.store.read((transaction) => read.read(transaction, [], 1 << 20));
    return answer.kind === "rows" ? answer.rows.map((row) => row.toString("hex")) : [JSON.stringify(answer)];
  }

  async settled(): Promise<void> {
    await this.manager.idle();
    while (await this.engine.collectGarbage());
  }
}

const UNREACHABLE = new FreshetError(SqlState.cannotConnect, "the upstream cannot be reached");
const REFUSED = new FreshetError(SqlState.featureNotSupported, "not supported");

let folder: string;
let source: FakeSource;
let world: World;

async function start(store: MemoryStore, reset: boolean = false): Promise<World> {
  const next = new World(folder, store, source);
  const state = await next.engine.open();
  if (state.origin === null) await next.engine.reset(ORIGIN);
  await next.manager.reconcile(state, reset || state.origin === null);
  return next;
}

const setRows = (columns: number, rows: readonly (readonly number[])[]): void => {
  source.tables.set(TABLE, { schema: intTable(TABLE, columns), rows: rows.map(intRow) });
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "freshet-manager-"));
  source = new FakeSource();
  setRows(2, [
    [1, 10],
    [2, 20],
  ]);
  world = await start(new MemoryStore());
});
afterEach(async () => {
  await world.manager.stop();
  rmSync(folder, { recursive: true });
});

const both = [intRow([1, 10]).toString("hex"), intRow([2, 20]).toString("hex")];

test("a created cache answers, and is dropped with its table", async () => {
  const cache = await world.create("a");
  expect(cache.phase).toBe("ready");
  expect(world.rowsOf(cache)).toEqual(both);
  await world.manager.drop(cache);
  expect(world.catalog.all()).toEqual([]);
  expect(world.builder.tables.size).toBe(0);
  expect(source.published.size).toBe(0);
  expect((await world.engine.status()).tables).toEqual([]);
});

test("all caches on a table that changed its shape answer again", async () => {
  const caches = [await world.create("a"), await world.create("b"), await world.create("c")];
  setRows(3, [[1, 10, 100]]);
  world.builder.columns = 3;
  world.manager.schema.verify();
  expect(world.health.suspended).toBe(true);
  await world.settled();
  expect(world.health.suspended).toBe(false);
  expect(caches.map(({ phase }) => phase)).toEqual(["ready", "ready", "ready"]);
  for (const cache of caches) expect(world.rowsOf(cache)).toEqual([intRow([1, 10, 100]).toString("hex")]);
  const { caches: stored, tables } = await world.engine.status();
  expect(stored.map(({ state }) => state)).toEqual(["ready", "ready", "ready"]);
  expect(tables.map(({ table, state }) => [table.columns.length, state])).toEqual([[3, "live"]]);
});

test("what a cache is made of survives a restart, a build that broke off begins anew under another id", async () => {
  const kept = await world.create("kept");
  const planned = must(kept.planned);
  const broken = world.catalog.add({ ...kept.request, name: "broken", text: "broken" });
  await world.engine.createCache({ id: broken.id, plan: planned.plan, writeBack: false, attributes: "{}" });
  world = await start(world.store);
  await world.settled();
  const after = must(world.catalog.byName("broken"));
  expect(after.id).not.toBe(broken.id);
  expect(world.rowsOf(after)).toEqual(both);
  expect(must(world.catalog.byName("kept")).id).toBe(kept.id);
  expect(world.rowsOf(must(world.catalog.byName("kept")))).toEqual(both);
});

test("without the catalog file the store's caches go, and their ids are not used again", async () => {
  const old = await world.create("a");
  rmSync(join(folder, "caches.json"));
  world = await start(world.store);
  await world.manager.idle();
  expect((await world.engine.status()).tables).toEqual([]);
  const cache = await world.create("a");
  await world.settled();
  expect(cache.id).toBeGreaterThan(old.id);
  expect(world.rowsOf(cache)).toEqual(both);
});

test("a build that fails leaves nothing behind, and its name is free", async () => {
  source.failures.push(REFUSED);
  await expect(world.create("a")).rejects.toThrow("not supported");
  expect(world.catalog.all()).toEqual([]);
  expect((await world.engine.status()).caches).toEqual([]);
  expect((await world.create("a")).phase).toBe("ready");
});

test("a build for which the disk has no room leaves nothing behind", async () => {
  world.room = Promise.reject(new FreshetError(SqlState.programLimitExceeded, "too little room"));
  world.room.catch(() => undefined);
  await expect(world.create("a")).rejects.toThrow("too little room");
  world.room = Promise.resolve();
  await world.settled();
  expect((await world.engine.status()).caches).toEqual([]);
  expect((await world.create("a")).phase).toBe("ready");
});

test("a copy that breaks off is retried for a cache that nobody waits for", async () => {
  source.failures.push(UNREACHABLE);
  const cache = await world.create("a", null, true);
  await expect.poll(() => cache.phase).toBe("ready");
  await world.settled();
  expect(world.rowsOf(cache)).toEqual(both);
  expect((await world.engine.status()).caches).toHaveLength(1);
});

test("a cache that failed is tried again after some time, after longer each time, and when its tables change", async () => {
  const cache = await world.create("a");
  world.builder.failures.push(REFUSED, REFUSED, REFUSED);
  world.manager.schema.verify();
  await world.settled();
  expect([cache.phase, cache.reason, cache.retryAt]).toEqual(["failed", "not supported", 100]);
  world.now = 99;
  world.manager.schema.verify();
  await world.settled();
  expect([cache.phase, cache.retryAt]).toEqual(["failed", 100]);
  world.now = 100;
  await world.manager.schema.compareTables();
  await world.settled();
  expect([cache.phase, cache.retryAt]).toEqual(["failed", 300]);
  world.now = 101;
  world.changeSchema(50n, { relations: [TABLE + 1], names: ["other"] });
  await world.settled();
  expect(cache.phase).toBe("failed");
  world.changeSchema(60n, { relations: [TABLE], names: ["t"] });
  await world.settled();
  expect(cache.phase).toBe("ready");
  expect(world.rowsOf(cache)).toEqual(both);
});

test("caches that a schema change has nothing to do with go on answering, the others after they were compared", async () => {
  const cache = await world.create("a");
  await world.settled();
  world.changeSchema(50n, { relations: [TABLE + 1], names: ["other"] });
  expect([world.health.suspended, cache.doubtful, cache.trustedTo]).toEqual([false, false, 50n]);
  await world.settled();
  world.changeSchema(60n, { relations: [TABLE], names: ["other"] });
  expect([world.health.suspended, cache.doubtful, cache.trustedTo]).toEqual([false, true, 50n]);
  // What came before is not known yet.
  world.changeSchema(70n, { relations: [TABLE + 1], names: ["other"] });
  expect([cache.doubtful, cache.trustedTo]).toEqual([true, 50n]);
  await world.settled();
  expect(cache.doubtful).toBe(false);
  world.changeSchema(80n);
  expect([world.health.suspended, cache.doubtful]).toEqual([true, true]);
  await world.settled();
  expect([world.health.suspended, cache.doubtful]).toEqual([false, false]);
  // A new relation may stand before the one that a statement names.
  world.changeSchema(90n, { relations: [TABLE + 2], names: ["A"] });
  expect(cache.doubtful).toBe(true);
});

test("a cache that needs a column added before, past Freshet, is built with its table copied again", async () => {
  const before = await world.create("a");
  setRows(3, [[1, 10, 100]]);
  world.builder.columns = 3;
  const cache = await world.create("b");
  expect([cache.phase, world.rowsOf(cache)]).toEqual(["ready", [intRow([1, 10, 100]).toString("hex")]]);
  await world.settled();
  expect([before.phase, world.rowsOf(before)]).toEqual(["ready", [intRow([1, 10, 100]).toString("hex")]]);
});

test("a cache waits for the comparison behind a schema statement of which is not known yet who announces it", async () => {
  await world.create("a");
  let announced = (_is: boolean): void => undefined;
  world.announcement = new Promise((resolve) => {
    announced = resolve;
  });
  const statement = world.manager.schema.onSchemaStatement();
  const { planCache } = CacheBuilder.prototype;
  let planned = false;
  world.builder.planCache = async (request) => {
    planned = true;
    return planCache.call(world.builder, request);
  };
  const created = world.create("b");
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(planned).toBe(false);
  announced(true);
  await statement;
  expect((await created).phase).toBe("ready");
});

test("hits stay off while the schema cannot be compared", async () => {
  await world.create("a");
  source.failures.push(REFUSED);
  world.manager.schema.verify();
  await world.manager.idle();
  expect(world.health.suspended).toBe(true);
  await world.manager.schema.compareTables();
  await world.manager.idle();
  expect(world.health.suspended).toBe(false);
});

test("a table is written by one cache, also while that is being built", async () => {
  let open = (): void => undefined;
  source.gate = new Promise((resolve) => {
    open = resolve;
  });
  const first = world.create("a", "public.target");
  await new Promise((resolve) => setImmediate(resolve));
  await expect(world.create("b", "Target")).rejects.toThrow(/is written by cache "a"/);
  await expect(world.create("a")).rejects.toThrow(/already exists/);
  open();
  expect((await first).phase).toBe("ready");
  expect(world.writeBacks.seeded).toBe(1);
});

test("a DROP that fails leaves the cache as it was", async () => {
  const cache = await world.create("a", "target");
  world.writeBacks.dropFailures.push(UNREACHABLE);
  await expect(world.manager.drop(cache)).rejects.toThrow("cannot be reached");
  expect([cache.phase, cache.dropped]).toEqual(["ready", false]);
  expect(world.writeBacks.seeded).toBe(2);
  expect(world.rowsOf(cache)).toEqual(both);
  await world.manager.drop(cache);
  expect(world.catalog.byName("a")).toBeUndefined();
});

test("a DROP does not wait for a rebuild that is tried again and again", async () => {
  const cache = await world.create("a");
  world.builder.failures.push(REFUSED, ...Array.from({ length: 1000 }, () => UNREACHABLE));
  world.manager.schema.verify();
  await expect.poll(() => world.retries).toBeGreaterThan(2);
  await world.manager.drop(cache);
  expect(world.catalog.all()).toEqual([]);
  expect(world.retries).toBeLessThan(1000);
});

test("a DROP ends a build that runs, and two of them drop one cache", async () => {
  let open = (): void => undefined;
  source.gate = new Promise((resolve) => {
    open = resolve;
  });
  const created = world.create("a");
  created.catch(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  const cache = must(world.catalog.byName("a"));
  const drops = [world.manager.drop(cache), world.manager.drop(cache)];
  open();
  await expect(created).rejects.toThrow(/was dropped/);
  await Promise.all(drops);
  const again = await world.create("a");
  expect(world.catalog.byName("a")).toBe(again);
  expect(world.rowsOf(again)).toEqual(both);
});

test("after the slot is lost everything is built anew", async () => {
  const caches = [await world.create("a"), await world.create("b")];
  setRows(2, [[3, 30]]);
  await world.manager.restartFrom({ ...ORIGIN, lsn: 500n });
  expect(world.health.applied).toBe(500n);
  await world.settled();
  for (const cache of caches) {
    expect(cache.phase).toBe("ready");
    expect(world.rowsOf(cache)).toEqual([intRow([3, 30]).toString("hex")]);
  }
});
