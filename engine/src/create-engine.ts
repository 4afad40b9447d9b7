import { errorMessage, FreshetError, SqlState } from "@freshet/base";
import {
  type ApplyResult,
  type BuildProgress,
  type CacheDefinition,
  type Commit,
  type Engine,
  type EngineState,
  type EngineStats,
  type GraphNodeInfo,
  type KeyOutcome,
  type MakeUpstreamCalls,
  META_ARRANGEMENT,
  outboxArrangement,
  outboxKey,
  readRows,
  type ReplicationOrigin,
  SUSPENDED_KEY,
  type TableSchema,
  viewArrangement,
  viewStatusKey,
} from "@freshet/contract";
import type { QueryPlan } from "@freshet/sql";
import type { Store, WriteTransaction } from "@freshet/store";
import type { Lsn } from "@freshet/values";
import {
  CHUNK_LIMITS,
  type ChunkLimits,
  CommitBatch,
  invalidateTable,
  replayTableLog,
  stageChanges,
} from "./apply/batch.ts";
import { CacheBuild } from "./build/cache-build.ts";
import { StepSize } from "./build/step-size.ts";
import { type CacheEntry, type Catalog, type TableEntry } from "./catalog/catalog.ts";
import { discardArrangement, nextGarbage, removeRecord, viewTallyKey } from "./catalog/records.ts";
import { discardStagedParts, recoverCatalog } from "./catalog/recover.ts";
import { checkPlan } from "./graph/check-plan.ts";
import { describeGraph, describePlan } from "./graph/describe.ts";
import type { NodeRecord } from "./graph/node-spec.ts";
import { PlanSpecs, type SpecNode, tableHash } from "./graph/plan-specs.ts";
import { partialRoot } from "./partial/key-index.ts";
import { resolveForCheck, resolveLive, tableColumnTypes } from "./tables/resolve-scan.ts";
import { DivergenceError } from "./tables/table-rows.ts";
import { newTally } from "./state/tally.ts";
import { LoggedStore } from "./view/logged-store.ts";
import type { ViewStore, ViewTransaction } from "./view/view-store.ts";
import { DurabilityTracker } from "./durability-tracker.ts";

export interface EngineOptions {
  /** Bounds of what one run of the graph takes in. */
  readonly chunk?: ChunkLimits;
  /** Rows that one step of a build takes in; with a clock, at least: it takes more as long as that is quick. */
  readonly buildStepRows?: number;
  /** Seconds on a monotonic clock, for the statistics and the size of steps. */
  readonly now?: () => number;
  /** How functions that the engine does not know are evaluated. */
  readonly upstreamCalls?: MakeUpstreamCalls;
}

const BUILD_STEP_ROWS = 1000;
const REPLAYED_CHUNKS = 64;
const GARBAGE_PIECE = 2000;
const OUTBOX_PIECE = 1000;

function notReady(message: string, hint?: string): FreshetError {
  return new FreshetError(SqlState.objectNotInPrerequisiteState, message, { hint });
}

/**
 * The engine in the caller's thread: every request is carried out synchronously, within the call.
 * It owns the store, and closes it. A store transaction that fails leaves the state of the one before.
 */
class SynchronousEngine implements Engine {
  readonly #store: ViewStore;
  readonly #chunk: ChunkLimits;
  readonly #stepSize: StepSize;
  readonly #now: () => number;
  readonly #durability: DurabilityTracker;
  readonly #upstreamCalls: MakeUpstreamCalls | undefined;
  readonly #builds = new Map<number, CacheBuild>();
  #catalog: Catalog;
  #stagedParts = 0;
  #commits = 0;
  #changes = 0;
  #batches = 0;
  #seconds = 0;
  #keysFilled = 0;
  #keysEvicted = 0;

  constructor(store: ViewStore, options: EngineOptions) {
    this.#store = store;
    this.#chunk = options.chunk ?? CHUNK_LIMITS;
    this.#stepSize = new StepSize(options.buildStepRows ?? BUILD_STEP_ROWS, options.now ?? null);
    this.#now = options.now ?? (() => 0);
    this.#upstreamCalls = options.upstreamCalls;
    this.#catalog = recoverCatalog(store, options.upstreamCalls);
    this.#durability = new DurabilityTracker(store, this.#catalog.applied);
  }

  async open(): Promise<EngineState> {
    return this.#state();
  }

  async reset(origin: ReplicationOrigin): Promise<void> {
    this.#abandonBuilds();
    this.#write((transaction) => {
      for (const cache of this.#catalog.caches.values()) this.#forgetCache(transaction, cache);
      for (const table of this.#catalog.tables.values()) this.#catalog.forgetTable(transaction, table);
      transaction.remove(META_ARRANGEMENT, SUSPENDED_KEY);
      this.#catalog.setOrigin(transaction, origin);
    });
    this.#discardStaged();
    this.#durability.restart(origin.lsn);
  }

  async relocate(timeline: number): Promise<void> {
    this.#write((transaction) => this.#catalog.relocate(transaction, timeline));
  }

  async apply(commits: readonly Commit[]): Promise<ApplyResult> {
    const started = this.#now();
    const result = this.#apply(commits);
    this.#seconds += this.#now() - started;
    return result;
  }

  async stage(changes: readonly Buffer[]): Promise<void> {
    this.#stagedParts = this.#write((transaction) => stageChanges(transaction, changes, this.#stagedParts));
  }

  async discardStaged(): Promise<void> {
    this.#discardStaged();
  }

  async advance(lsn: Lsn): Promise<ApplyResult> {
    if (lsn > this.#catalog.applied) this.#write((transaction) => this.#catalog.setApplied(transaction, lsn));
    return this.#result([], []);
  }

  async flush(): Promise<Lsn> {
    return await this.#durability.flush(this.#catalog.applied);
  }

  async beginTable(schema: TableSchema, snapshotLsn: Lsn): Promise<void> {
    const old = this.#catalog.tables.get(schema.oid);
    this.#write((transaction) => {
      const catalog = this.#catalog;
      if (old !== undefined) {
        if (old.state === "live") invalidateTable(catalog, transaction, old);
        catalog.forgetTable(transaction, old);
      }
      const id = catalog.takeId(transaction);
      const record: NodeRecord = {
        id,
        hash: tableHash(id),
        spec: { kind: "table", tableOid: schema.oid, identity: schema.identity.kind },
        inputs: [],
        columns: tableColumnTypes(schema),
        types: [],
        collations: [],
        arrangements: [catalog.takeId(transaction)],
      };
      catalog.beginTable(transaction, schema, snapshotLsn, record, catalog.takeId(transaction));
      catalog.saveTallies(transaction);
    });
  }

  async loadRows(tableOid: number, batch: Buffer): Promise<void> {
    const table = this.#loading(tableOid);
    this.#write((transaction) => {
      table.rows.load(transaction, readRows(batch), table.node.tally);
      table.node.changed = true;
      this.#catalog.saveTallies(transaction);
    });
  }

  async endTable(tableOid: number): Promise<void> {
    const table = this.#loading(tableOid);
    for (let more = true; more;) {
      more = this.#write((transaction) => this.#replayLog(transaction, table));
    }
  }

  async dropTable(tableOid: number): Promise<void> {
    const table = this.#catalog.tables.get(tableOid);
    if (table === undefined) return;
    const users = [...this.#catalog.caches.values()].filter((cache) => cache.nodes.includes(table.node));
    if (users.length > 0 && table.state === "live") {
      throw new FreshetError(SqlState.objectInUse, `table "${table.schema.name}" is used by ${users.length} caches`);
    }
    this.#write((transaction) => this.#catalog.forgetTable(transaction, table));
  }

  async check(
    plan: QueryPlan,
    { partial = false }: { readonly partial?: boolean } = {},
  ): Promise<readonly GraphNodeInfo[]> {
    const specs = new PlanSpecs(plan, resolveForCheck(this.#catalog.tables));
    const root = partial ? partialRoot(plan, specs) : specs.root();
    checkPlan(plan, root);
    return describePlan(root, (hash) => this.#catalog.shareable.has(hash));
  }

  async createCache(definition: CacheDefinition): Promise<void> {
    if (this.#catalog.caches.has(definition.id)) {
      throw new FreshetError(SqlState.duplicateObject, `cache ${definition.id} already exists`);
    }
    await this.check(definition.plan, { partial: definition.maxBytes !== undefined });
    this.#write((transaction) => {
      const cache = this.#catalog.addCache(definition, "building", newTally());
      this.#catalog.saveCache(transaction, cache);
      this.#catalog.saveTallies(transaction);
    });
  }

  async buildStep(cacheId: number): Promise<BuildProgress> {
    const cache = this.#cache(cacheId);
    if (cache.state === "ready") return { done: true, rowsDone: cache.tally.rows, rowsTotal: cache.tally.rows };
    if (cache.state === "invalid") {
      throw notReady(`cache ${cacheId} is invalid`, "A table it depends on has changed; create the cache anew.");
    }
    let build = this.#builds.get(cacheId);
    if (build === undefined) {
      build = new CacheBuild(this.#catalog, this.#store, cache, this.#stepSize);
      this.#builds.set(cacheId, build);
    }
    const progress = this.#guarded(build.step.bind(build, () => this.#specs(cache)));
    if (progress.done) this.#builds.delete(cacheId);
    return progress;
  }

  async fillKeys(
    cacheId: number,
    keys: readonly (readonly Buffer[])[],
    used: readonly Buffer[],
  ): Promise<readonly KeyOutcome[]> {
    const cache = this.#catalog.caches.get(cacheId);
    const partial = cache?.keys ?? null;
    if (cache === undefined || partial === null || cache.state !== "ready") return keys.map(() => "refused");
    partial.noteUsed(used);
    return this.#write((transaction) => {
      const outcomes = keys.map((values) => partial.fill(transaction, cache, values, this.#catalog.applied));
      this.#evictKeys(transaction);
      this.#catalog.saveTallies(transaction);
      this.#keysFilled += outcomes.filter((outcome) => outcome === "kept").length;
      return outcomes;
    });
  }

  async dropCache(cacheId: number): Promise<void> {
    const cache = this.#catalog.caches.get(cacheId);
    if (cache === undefined) return;
    this.#write((transaction) => this.#forgetCache(transaction, cache));
  }

  async collectGarbage(): Promise<boolean> {
    const garbage = this.#store.read(nextGarbage);
    if (garbage === null) return false;
    if (this.#store.clear(garbage.arrangement, GARBAGE_PIECE)) {
      this.#write((transaction) => transaction.remove(META_ARRANGEMENT, garbage.key));
    }
    return this.#store.read(nextGarbage) !== null;
  }

  async resume(lsn: Lsn): Promise<void> {
    this.#write((transaction) => this.#catalog.resume(transaction, lsn));
  }

  async acknowledgeOutbox(cacheId: number, lsn: Lsn): Promise<void> {
    const arrangement = outboxArrangement(cacheId);
    const end = outboxKey(lsn + 1n, 0);
    for (let more = true; more;) {
      more = this.#write((transaction) => {
        const keys = [...transaction.scan(arrangement, { end, limit: OUTBOX_PIECE })].map((entry) => entry.key);
        for (const key of keys) transaction.remove(arrangement, key);
        return keys.length === OUTBOX_PIECE;
      });
    }
  }

  async status(): Promise<EngineState> {
    return this.#state();
  }

  async explain(cacheId: number): Promise<readonly GraphNodeInfo[]> {
    const { output } = this.#cache(cacheId);
    if (output === null) return [];
    const caches = [...this.#catalog.caches.values()];
    return describeGraph(output, (node) => caches.filter((cache) => cache.nodes.includes(node)).length);
  }

  async stats(): Promise<EngineStats> {
    const { fileBytes, usedBytes } = this.#store.stats();
    return {
      storeBytes: fileBytes,
      storeUsedBytes: usedBytes,
      commitsApplied: this.#commits,
      changesApplied: this.#changes,
      batchesApplied: this.#batches,
      applySecondsTotal: this.#seconds,
      keysFilled: this.#keysFilled,
      keysEvicted: this.#keysEvicted,
    };
  }

  async close(): Promise<void> {
    this.#abandonBuilds();
    try {
      await this.#durability.flush(this.#catalog.applied);
    } finally {
      await this.#store.close();
    }
  }

  #apply(commits: readonly Commit[]): ApplyResult {
    this.#durability.rethrow();
    const last = commits.at(-1);
    // What was applied before a reconnection is sent again; it is in the state already.
    const fresh = commits.filter((commit) => commit.endLsn > this.#catalog.applied);
    const staged = fresh.length === commits.length ? this.#stagedParts : 0;
    if (last === undefined || fresh.length === 0) return this.#result([], []);
    const done = this.#write((transaction) => {
      const batch = new CommitBatch(this.#catalog, this.#builds, transaction, last.endLsn, this.#chunk);
      fresh.forEach((commit, index) => batch.commit(commit, index === 0 ? staged : 0));
      batch.run();
      this.#evictKeys(transaction);
      this.#catalog.setApplied(transaction, last.endLsn);
      const caches = this.#catalog.saveTallies(transaction);
      return { caches, invalidTables: batch.invalidTables, changes: batch.changes };
    });
    if (this.#stagedParts > 0) this.#discardStaged();
    for (const cache of this.#catalog.caches.values()) {
      if (cache.state === "invalid") this.#builds.get(cache.definition.id)?.abandon();
    }
    this.#commits += fresh.length;
    this.#changes += done.changes;
    this.#batches++;
    return this.#result(done.caches, done.invalidTables);
  }

  /** Keeps partial views within their bounds. */
  #evictKeys(transaction: WriteTransaction): void {
    for (const { keys, state, tally } of this.#catalog.caches.values()) {
      if (keys !== null && state === "ready") this.#keysEvicted += keys.evict(transaction, tally);
    }
  }

  #result(caches: ApplyResult["caches"], invalidTables: readonly number[]): ApplyResult {
    const appliedLsn = this.#catalog.applied;
    this.#durability.note(appliedLsn);
    return { appliedLsn, durableLsn: this.#durability.durable, caches, invalidTables };
  }

  #state(): EngineState {
    return {
      origin: this.#catalog.origin,
      tables: Array.from(this.#catalog.tables.values(), ({ schema, state, node, snapshotLsn }) => ({
        table: schema,
        state,
        rows: node.tally.rows,
        snapshotLsn,
      })),
      caches: Array.from(this.#catalog.caches.values(), (cache) => this.#catalog.statusOf(cache)),
    };
  }

  #specs(cache: CacheEntry): SpecNode {
    const { plan } = cache.definition;
    const specs = new PlanSpecs(plan, resolveLive(this.#catalog.tables, plan));
    return cache.keys === null ? specs.root() : partialRoot(plan, specs);
  }

  #cache(cacheId: number): CacheEntry {
    const cache = this.#catalog.caches.get(cacheId);
    if (cache !== undefined) return cache;
    throw new FreshetError(SqlState.undefinedObject, `cache ${cacheId} does not exist`);
  }

  #loading(tableOid: number): TableEntry {
    const table = this.#catalog.tables.get(tableOid);
    if (table?.state === "loading") return table;
    throw notReady(`table ${tableOid} is not being loaded`);
  }

  #replayLog(transaction: WriteTransaction, table: TableEntry): boolean {
    try {
      const more = replayTableLog(transaction, table, REPLAYED_CHUNKS);
      if (!more) table.state = "live";
      this.#catalog.saveTable(transaction, table);
      this.#catalog.saveTallies(transaction);
      return more;
    } catch (error) {
      if (!(error instanceof DivergenceError)) throw error;
      throw notReady(`table "${table.schema.name}" does not fit its changes: ${errorMessage(error)}`, "Load it anew.");
    }
  }

  #forgetCache(transaction: WriteTransaction, cache: CacheEntry): void {
    const { id } = cache.definition;
    const build = this.#builds.get(id);
    build?.abandon();
    build?.discardLog(transaction);
    this.#builds.delete(id);
    this.#catalog.caches.delete(id);
    removeRecord(transaction, "cache", id);
    transaction.remove(META_ARRANGEMENT, viewStatusKey(id));
    transaction.remove(META_ARRANGEMENT, viewTallyKey(id));
    discardArrangement(transaction, viewArrangement(id));
    discardArrangement(transaction, outboxArrangement(id));
    this.#catalog.removeUnused(transaction);
  }

  #discardStaged(): void {
    discardStagedParts(this.#store);
    this.#stagedParts = 0;
  }

  #write<T>(body: (transaction: ViewTransaction) => T): T {
    return this.#guarded(() => this.#store.write(body));
  }

  /** After a failure the state in memory may be ahead of the store: it is read anew. */
  #guarded<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      this.#abandonBuilds();
      this.#stagedParts = 0;
      this.#catalog = recoverCatalog(this.#store, this.#upstreamCalls);
      throw error;
    }
  }

  #abandonBuilds(): void {
    for (const build of this.#builds.values()) build.abandon();
    this.#builds.clear();
  }
}

/** An engine on `store`, working in the calling thread. */
export function createEngine(store: Store, options: EngineOptions = {}): Engine {
  return new SynchronousEngine(new LoggedStore(store), options);
}
