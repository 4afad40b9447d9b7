import { FreshetError, SqlState, errorMessage, must, isTransient } from "@freshet/base";
import type { ApplyResult, CacheStatus, Commit, EngineState, ReplicationOrigin, TableSchema } from "@freshet/contract";
import type { PlannedStatement } from "@freshet/sql";
import { LSN_ZERO } from "@freshet/values";
import { assertWritable } from "../write-back/target.ts";
import { assertReadable } from "./assert-readable.ts";
import { assertNew } from "./cache-conflicts.ts";
import type { Notice } from "./cache-builder.ts";
import {
  type Cache,
  type CachePhase,
  type CachePlan,
  type CacheRequest,
  type PlannedInvalidation,
  isPartial,
} from "./cache.ts";
import { NEVER, assertWanted, interruptible } from "./interruption.ts";
import type { ManagerParts } from "./manager-parts.ts";
import { ManagerTasks } from "./manager-tasks.ts";
import { postponeRetry } from "./failed-retry.ts";
import { SchemaVerification } from "./schema-verification.ts";
import { dropChangedTables, dropUnusedTables } from "./table-dropping.ts";

const silent: Notice = () => undefined;

/**
 * Creates, drops and rebuilds caches. One such task runs at a time; the stream and all reads go on
 * beside it. What it has accepted survives restarts through the catalog file.
 */
export class CacheManager {
  readonly #parts: ManagerParts;
  readonly #tasks: ManagerTasks;
  readonly schema: SchemaVerification;

  constructor(parts: ManagerParts) {
    this.#parts = parts;
    this.#tasks = new ManagerTasks(parts);
    this.schema = new SchemaVerification(parts, this.#tasks, (cache, reason, staleTables) =>
      this.#queueRebuild(cache, reason, staleTables),
    );
  }

  /** Makes catalog and engine agree after a start: keeps what is whole, drops what is not wanted, queues the rest. */
  async reconcile(state: EngineState, reset: boolean): Promise<void> {
    const { engine, catalog, builder } = this.#parts;
    const stored = reset ? [] : state.caches;
    const live = reset ? [] : state.tables.filter((table) => table.state === "live");
    builder.remember(live.map(({ table }) => table));
    // What a dropped id left behind is still being cleared.
    catalog.reserveIds(state.caches.map(({ definition }) => definition.id));
    for (const status of stored) {
      const cache = catalog.byId(status.definition.id);
      if (cache !== undefined && status.state === "ready" && isPartial(cache.request) === isPartial(status.definition))
        this.#adopt(cache, status);
      else await engine.dropCache(status.definition.id);
    }
    const broken = reset ? [] : state.tables.filter((table) => table.state !== "live").map(({ table }) => table.oid);
    this.#tasks.queue("dropping tables whose copy broke off", () => builder.dropTables(broken));
    for (const cache of catalog.all()) if (cache.phase !== "ready") this.#queueRebuild(cache, "not built yet");
    this.#tasks.queue("dropping tables that no cache uses", () => dropUnusedTables(this.#parts));
    // A suspension may have been left by the predecessor; whatever led to it is compared now.
    await this.schema.begin(state.origin?.lsn ?? LSN_ZERO, reset);
    void this.#collectGarbage();
  }

  /** Creates a cache and resolves when it answers; `concurrently`: when it is on disk that it shall be built. */
  async create(
    request: CacheRequest,
    concurrently: boolean,
    notice: Notice,
    signal: AbortSignal = NEVER,
  ): Promise<Cache> {
    const obstacle = this.#parts.notStarted();
    if (obstacle !== null) throw obstacle;
    const plan = await this.schema.plan(request);
    const needs = plan.mode === "incremental" ? plan.planned.plan : plan.invalidation.plan;
    await assertReadable(this.#parts.privileges, request.owner, needs);
    await this.#parts.permissions.assertMayCreate(request.owner, needs.tables);
    if (request.writeTo !== null && plan.mode === "incremental") assertWritable(plan.planned.plan);
    assertNew(this.#parts.catalog, request, plan);
    signal.throwIfAborted();
    const cache = this.#parts.catalog.add(request);
    this.#setPlan(cache, plan);
    const built = this.#tasks.run(() => this.#buildAs(cache, plan, notice));
    if (concurrently) {
      built.catch((thrown: unknown) => this.#failOrRetry(cache, thrown));
      return cache;
    }
    try {
      await interruptible(cache, built, signal, () => this.#parts.catalog.remove(cache));
    } catch (thrown) {
      await this.#giveUp(cache, thrown);
      throw thrown;
    }
    // A comparison of the schema that was asked for meanwhile would still make the first reads miss.
    if (this.schema.pending) await this.schema.compared();
    return cache;
  }

  async drop(cache: Cache): Promise<void> {
    const { phase, reason } = cache;
    cache.dropped = true;
    cache.phase = "failed";
    cache.reason = "being dropped";
    try {
      await this.#tasks.run(() => this.#remove(cache));
    } catch (thrown) {
      if (this.#parts.catalog.byName(cache.name) === cache) this.#keep(cache, phase, reason);
      throw thrown;
    }
  }

  /** A cache whose creation failed goes again, unless Freshet stops: then its build is left for the next start. */
  async #giveUp(cache: Cache, cause: unknown): Promise<void> {
    if (this.#tasks.stopped || this.#parts.catalog.byName(cache.name) !== cache) return;
    cache.dropped = true;
    this.#fail(cache, cause);
    try {
      await this.#tasks.run(() => this.#remove(cache));
    } catch (thrown) {
      this.#parts.logger.error({ cache: cache.name, error: errorMessage(thrown) }, "cache cannot be dropped");
    }
  }

  /** DROP failed before anything was gone. */
  #keep(cache: Cache, phase: CachePhase, reason: string | null): void {
    cache.dropped = false;
    cache.phase = phase;
    cache.reason = reason;
    if (phase === "waiting" || phase === "building") this.#queueRebuild(cache, "DROP CACHE failed");
    else if (phase === "ready") this.#follow(cache);
  }

  /** Follows what the engine reports of a batch. */
  onApplied(result: ApplyResult, commits: readonly Commit[]): void {
    this.#parts.health.advance(result.appliedLsn);
    if (commits.some((commit) => commit.schemaChanged)) this.schema.changed(commits);
    const { builder, catalog, writeBacks } = this.#parts;
    writeBacks.onApplied(result.appliedLsn);
    for (const status of result.caches) {
      const cache = catalog.byId(status.definition.id);
      if (cache === undefined || status.state !== "invalid" || cache.phase !== "ready") continue;
      this.#queueRebuild(cache, "a table it reads has changed its shape", builder.known(result.invalidTables));
    }
  }

  /**
   * The stream goes on at a promoted server. What has been read of the former one's catalog may never have reached it, and what was written back
   * there neither: tables and meanings are compared, tables that are written to are written anew.
   */
  primaryMoved(): void {
    for (const cache of this.#parts.catalog.all()) {
      if (cache.request.writeTo !== null && cache.phase === "ready")
        this.#queueRebuild(cache, "another server is the primary now");
    }
    this.schema.verify();
  }

  /** The slot is gone: everything is built anew at a new origin. */
  async restartFrom(origin: ReplicationOrigin): Promise<void> {
    await this.#parts.engine.reset(origin);
    this.#parts.builder.forgetTables();
    this.#parts.invalidations.reset();
    this.#parts.health.restart(origin.lsn);
    for (const cache of this.#parts.catalog.all()) this.#queueRebuild(cache, "the replication slot was lost");
  }

  /** Resolves when no task is left. */
  idle(): Promise<void> {
    return this.#tasks.drained();
  }

  async stop(): Promise<void> {
    this.#tasks.stop();
    for (const cache of this.#parts.catalog.all()) if (cache.phase === "building") cache.dropped = true;
    await this.#tasks.drained();
  }

  #adopt(cache: Cache, status: CacheStatus): void {
    const planned = JSON.parse(status.definition.attributes) as PlannedStatement;
    this.#setPlan(cache, { mode: "incremental", planned });
    cache.phase = "ready";
    cache.progress = 100;
    this.#follow(cache);
  }

  #follow(cache: Cache): void {
    const { writeBacks } = this.#parts;
    if (cache.request.writeTo !== null && writeBacks.of(cache) === null)
      writeBacks.start(cache, must(cache.planned).plan);
  }

  #setPlan(cache: Cache, plan: CachePlan): void {
    cache.setPlan(plan);
    this.#parts.catalog.index(cache);
  }

  async #buildAs(cache: Cache, plan: CachePlan, notice: Notice): Promise<void> {
    assertWanted(cache);
    if (plan.mode === "incremental") await this.#build(cache, plan.planned, notice);
    else await this.#watch(cache, plan.invalidation);
  }

  /** In mode `invalidate` nothing is built: the changes of its tables are followed. */
  async #watch(cache: Cache, { plan, reason }: PlannedInvalidation): Promise<void> {
    cache.phase = "building";
    cache.reason = null;
    await this.#parts.invalidations.watch(plan);
    cache.phase = "ready";
    cache.failures = 0;
    cache.progress = 100;
    this.#parts.logger.info({ cache: cache.name, reason }, "cache is ready, in mode invalidate");
  }

  async #build(cache: Cache, planned: PlannedStatement, notice: Notice): Promise<void> {
    const { builder, writeBacks, logger } = this.#parts;
    cache.phase = "building";
    cache.reason = null;
    try {
      await builder.addTables(planned, notice, cache);
      try {
        await builder.build(cache, planned, notice);
      } catch (thrown) {
        if (!(thrown instanceof FreshetError) || thrown.code !== SqlState.objectNotInPrerequisiteState) throw thrown;
        this.#parts.logger.warn({ cache: cache.name, error: thrown.message }, "its tables are copied anew");
        await this.#forgetTables(cache, planned);
        await builder.addTables(planned, notice, cache);
        await builder.build(cache, planned, notice);
      }
      if (cache.request.writeTo !== null) await writeBacks.seed(cache, planned.plan, notice);
    } catch (thrown) {
      await this.#discardBuild(cache);
      throw thrown;
    }
    cache.phase = "ready";
    cache.failures = 0;
    logger.info({ cache: cache.name, operators: planned.plan.plan.kind }, "cache is ready");
  }

  /** What a build that broke off has left in the engine; the failure that led here is the one to tell. */
  async #discardBuild(cache: Cache): Promise<void> {
    try {
      await this.#parts.engine.dropCache(cache.id);
      void this.#collectGarbage();
    } catch (thrown) {
      this.#parts.logger.error({ cache: cache.name, error: errorMessage(thrown) }, "a broken build stays in the store");
    }
  }

  async #remove(cache: Cache): Promise<void> {
    const { engine, catalog, compiled, writeBacks } = this.#parts;
    if (catalog.byName(cache.name) !== cache) return;
    await writeBacks.drop(cache);
    catalog.remove(cache);
    compiled.forget(cache.id);
    this.#parts.invalidations.dropCache(cache.id);
    await engine.dropCache(cache.id);
    await dropUnusedTables(this.#parts);
    void this.#collectGarbage();
  }

  /** Builds the cache anew under a new engine id; the old build's state goes, and so do tables that changed their shape. */
  #queueRebuild(cache: Cache, reason: string, staleTables: readonly TableSchema[] = []): void {
    cache.phase = "waiting";
    cache.reason = reason;
    this.#parts.logger.warn({ cache: cache.name, reason }, "cache is being rebuilt");
    this.#tasks
      .run(async () => {
        if (cache.dropped || this.#tasks.stopped) return;
        const rebuild = (): Promise<void> => this.#rebuild(cache, staleTables);
        await this.#tasks.retrying(`rebuilding cache "${cache.name}"`, rebuild, () => cache.dropped);
      })
      .catch((thrown: unknown) => this.#fail(cache, thrown));
  }

  async #rebuild(cache: Cache, staleTables: readonly TableSchema[]): Promise<void> {
    const { engine, catalog, compiled, builder, writeBacks } = this.#parts;
    await writeBacks.stop(cache);
    await engine.dropCache(cache.id);
    compiled.forget(cache.id);
    this.#parts.invalidations.dropCache(cache.id);
    catalog.renew(cache);
    await dropChangedTables(this.#parts, staleTables);
    const plan = await builder.planCache(cache.request);
    this.#setPlan(cache, plan);
    await this.#buildAs(cache, plan, silent);
    void this.#collectGarbage();
  }

  /**
   * The stored rows of a cache's tables do not fit its types any more (an enum label was renamed behind
   * them): they go, with the builds of all caches on them.
   */
  async #forgetTables(cache: Cache, planned: PlannedStatement): Promise<void> {
    const { builder, catalog, engine, compiled } = this.#parts;
    const tables = builder.known(planned.plan.tables.map(({ tableOid }) => tableOid));
    const reads = (other: Cache): boolean =>
      other.planned?.plan.tables.some(({ tableOid }) => tables.some(({ oid }) => oid === tableOid)) === true;
    for (const other of catalog.all()) {
      if (other !== cache && other.phase === "ready" && reads(other)) {
        this.#queueRebuild(other, "a table it reads is copied anew");
      }
    }
    await engine.dropCache(cache.id);
    compiled.forget(cache.id);
    catalog.renew(cache);
    await dropChangedTables(this.#parts, tables);
  }

  #failOrRetry(cache: Cache, thrown: unknown): void {
    if (isTransient(thrown) && !cache.dropped) this.#queueRebuild(cache, errorMessage(thrown));
    else this.#fail(cache, thrown);
  }

  #fail(cache: Cache, thrown: unknown): void {
    cache.phase = "failed";
    cache.reason = errorMessage(thrown);
    postponeRetry(cache, this.#parts.clock(), this.#parts.failedRetryMs);
    if (!this.#tasks.stopped)
      this.#parts.logger.error({ cache: cache.name, error: cache.reason }, "cache cannot be built");
  }

  async #collectGarbage(): Promise<void> {
    try {
      while (!this.#tasks.stopped && (await this.#parts.engine.collectGarbage()));
    } catch (thrown) {
      if (!this.#tasks.stopped) this.#parts.logger.error({ error: errorMessage(thrown) }, "collecting garbage failed");
    }
  }
}
