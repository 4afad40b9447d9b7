import { join } from "node:path";
import { type FreshetOptions, type Logger, errorMessage, now, wallTime } from "@freshet/base";
import type { ApplyResult, CacheStatus, ChangeSource, Commit, Engine, EngineState } from "@freshet/contract";
import type { UpstreamCallPlanning } from "@freshet/sql";
import { type StoreReader, openStoreReader } from "@freshet/store";
import { LSN_ZERO, type Lsn, maxLsn } from "@freshet/values";
import type { MetricSources } from "./admin/metrics.ts";
import type { PartialKeys } from "./admin/partial-metrics.ts";
import { CacheBuilder } from "./caches/cache-builder.ts";
import { CacheCatalog } from "./caches/cache-catalog.ts";
import { CacheManager } from "./caches/cache-manager.ts";
import { CatalogFile } from "./caches/catalog-file.ts";
import { DiskRoom } from "./caches/disk-room.ts";
import { announcementQuery } from "./caches/schema-announcement.ts";
import type { RetryDelay } from "./caches/retry.ts";
import { RUNNING_TRANSACTIONS, SchemaWatch, parseTransactions } from "./caches/schema-watch.ts";
import { Commands } from "./commands/command-runner.ts";
import type { ControlConnection } from "./control/control-connection.ts";
import type { CommandRunner } from "./session/front-ports.ts";
import { type Controls, createControls } from "./control/controls.ts";
import { type Serving, createServing } from "./compose-front.ts";
import type { LoadedEngine } from "./compose-engine.ts";
import { type Shared, createShared, endPart, retryDelay } from "./compose-shared.ts";
import type { ConsolePart } from "./console/console-family.ts";
import type { FreshetFactories } from "./freshet-factories.ts";
import { CoreCommands } from "./fronts/core-commands.ts";
import { FrontServer } from "./fronts/front-server.ts";
import { coreSocketPath } from "./fronts/protocol.ts";
import type { ViewFront } from "./front/cache-front.ts";
import { KeyFills } from "./front/key-fills.ts";
import { UpstreamLsn } from "./front/upstream-lsn.ts";
import { type InvalidateMode, createInvalidateMode } from "./invalidate/compose-invalidate.ts";
import { ReplicationHealth } from "./replication/health.ts";
import { Lag } from "./replication/lag.ts";
import { Pump } from "./replication/pump.ts";
import { ReplicationStart } from "./replication/replication-start.ts";
import { StreamNudge } from "./replication/stream-nudge.ts";
import { SlotGauge } from "./replication/slot-gauge.ts";
import type { CallClient } from "./upstream-calls/call-client.ts";
import { storeDirectory } from "./store-directory.ts";
import type { Upstream } from "./upstream/upstream.ts";
import { WriteBacks } from "./write-back/write-backs.ts";
import { whatIsMissing, whyNotStarted } from "./readiness.ts";
import type { KeptBytes } from "./kept/kept-front.ts";

/** The latest place of the log that a stored table's snapshot holds, which the stream may not have reached yet. */
function latestSnapshot({ tables }: EngineState): Lsn {
  return tables.reduce<Lsn>((latest, { snapshotLsn }) => maxLsn(latest, snapshotLsn), LSN_ZERO);
}

/** How often the slot's retained WAL is looked at. */
const SLOT_GAUGE_INTERVAL_MS = 10_000;

/** What the caches tell of themselves, and what they ask about the clients. */
export interface CoreHooks {
  readonly onAnswered: (seconds: number) => void;
  readonly onApplied: (seconds: number) => void;
  readonly clients: () => number;
  /** Does, or shows, in this process what the admin console of a front asks for. */
  readonly console: (text: string) => Promise<ConsolePart>;
  /** Of processes that were started together. */
  readonly generation: number;
  /** What sessions have read of the schema under an earlier core counts as older than this. */
  readonly firstEpoch: number;
}

/**
 * All that there is one of, whoever serves the clients: replication, the engine and its store, the caches, write-back.
 * Whoever has it holds the data folder's lock.
 */
export class CachingCore {
  readonly front: ViewFront;
  readonly #serving: Serving;
  readonly commands: CommandRunner;
  /** Null: no other process serves clients. */
  readonly fronts: FrontServer | null;
  readonly #options: FreshetOptions;
  readonly #hooks: CoreHooks;
  readonly #logger: Logger;
  readonly #engine: Engine;
  readonly #source: ChangeSource;
  readonly #calls: CallClient;
  readonly #stopping = new AbortController();
  readonly #controls: Controls;
  readonly #catalog: CacheCatalog;
  readonly #health: ReplicationHealth;
  readonly #pump: Pump;
  readonly #nudge: StreamNudge;
  readonly #invalidate: InvalidateMode;
  readonly #lag: Lag;
  readonly #manager: CacheManager;
  readonly #builder: CacheBuilder;
  readonly #writeBacks: WriteBacks;
  readonly #replicationStart: ReplicationStart;
  readonly #slotGauge: SlotGauge;
  readonly #schemaWatch: SchemaWatch;
  #reader: StoreReader | null = null;
  #failure: string | null = null;
  #starting: Promise<void> = Promise.resolve();
  #restarting = false;

  private constructor(
    options: FreshetOptions,
    upstream: Upstream,
    { engine, calls }: LoadedEngine,
    factories: FreshetFactories,
    hooks: CoreHooks,
    logger: Logger,
  ) {
    const source = factories.source(options, upstream.driver, logger);
    this.#calls = calls;
    this.#options = options;
    this.#hooks = hooks;
    this.#logger = logger;
    upstream.server.onMoved(() => this.#health.primaryMoved());
    this.#controls = createControls(options, upstream.driver);
    const { analysis, privileging, positions } = this.#controls;
    this.#engine = engine;
    this.#source = source;
    this.#catalog = new CacheCatalog(new CatalogFile(join(options.data, "caches.json")));
    this.#health = new ReplicationHealth(source, options.replicationStaleMs, now, hooks.firstEpoch);
    const retry = retryDelay(options, this.#stopping.signal);
    const shared = createShared(options, upstream.url, (sql) => privileging.query(sql), now, factories.compileRead);
    this.#builder = this.#createBuilder(factories.isNative);
    this.#nudge = new StreamNudge(this.#health, positions, logger);
    this.#invalidate = createInvalidateMode(options, {
      source,
      health: this.#health,
      nudge: this.#nudge,
      driver: upstream.driver,
      clock: now,
      logger,
    });
    this.#writeBacks = this.#createWriteBacks(retry);
    this.#manager = this.#createManager(shared, retry);
    this.#pump = this.#createPump();
    this.#lag = new Lag(this.#source, this.#health, () => this.#pump, wallTime);
    this.#replicationStart = new ReplicationStart(this.#source, retry, logger);
    this.#schemaWatch = new SchemaWatch(
      this.#manager.schema,
      async () => parseTransactions(await analysis.query(RUNNING_TRANSACTIONS)),
      options.schemaCheckIntervalMs,
      logger,
    );
    this.#slotGauge = new SlotGauge(analysis, () => options.instance, SLOT_GAUGE_INTERVAL_MS, logger);
    this.#serving = this.#createServing(shared);
    this.front = this.#serving.front;
    const commands = this.#createCommands(shared);
    this.fronts = options.fronts === 1 ? null : this.#createFronts(shared, commands);
    this.commands = this.fronts === null ? commands : new CoreCommands(commands, this.fronts);
  }

  #createManager(shared: Shared, retry: ReturnType<typeof retryDelay>): CacheManager {
    const { analysis } = this.#controls;
    return new CacheManager({
      engine: this.#engine,
      source: this.#source,
      catalog: this.#catalog,
      builder: this.#builder,
      compiled: shared.compiled,
      privileges: shared.privileges,
      permissions: shared.permissions,
      health: this.#health,
      writeBacks: this.#writeBacks,
      invalidations: this.#invalidate.invalidations,
      retry,
      clock: now,
      failedRetryMs: this.#options.failedCacheRetryMs,
      logger: this.#logger,
      settled: async () => this.fronts?.settleAll(),
      announced: async () => (await analysis.query(announcementQuery(this.#options.instance)))[0]?.[0] === "t",
      notStarted: () =>
        this.#replicationStart.problem ?? whyNotStarted(this.#failure, this.#health, this.#source.status().state),
    });
  }

  /** For the data folder whose lock the caller holds. */
  static async create(
    options: FreshetOptions,
    upstream: Upstream,
    { engine, calls }: LoadedEngine,
    factories: FreshetFactories,
    hooks: CoreHooks,
    logger: Logger,
  ): Promise<CachingCore> {
    try {
      return new CachingCore(options, upstream, { engine, calls }, factories, hooks, logger);
    } catch (thrown) {
      await engine.close();
      throw thrown;
    }
  }

  /** Opens the store; the caches come as soon as the upstream lets them. */
  async start(): Promise<void> {
    const state = await this.#engine.open();
    this.#openReader();
    await this.fronts?.start();
    this.#source.onStatus((status) => {
      if (status.state !== "streaming") {
        this.#invalidate.invalidations.forgetAnswers();
        this.#health.streamEnded();
      }
      if (status.state === "slot-lost") this.#restart();
    });
    this.#starting = this.#replicate(state);
  }

  /** Begins nothing more; what runs goes on. */
  quiesce(): void {
    this.#stopping.abort();
    this.#replicationStart.stop();
    this.#schemaWatch.stop();
    this.#slotGauge.stop();
  }

  /** Ends everything in the order in which it depends on each other, whatever fails; the store last. Nobody asks the front any more. */
  async stop(): Promise<void> {
    this.quiesce();
    this.#health.fail("the caches are being closed");
    await this.#ending("connections to fronts", async () => this.fronts?.stop());
    // The engine may be waiting for the upstream.
    this.#calls.stop();
    await this.#ending("stream", () => this.#pump.close());
    await this.#ending("replication", () => this.#source.stop());
    await this.#starting;
    this.#nudge.stop();
    this.#invalidate.stop();
    // What waits for the upstream ends with its connections.
    await Promise.all([
      this.#ending("cache builds", () => this.#manager.stop()),
      this.#ending("write-back", () => this.#writeBacks.stopAll()),
      ...Object.values(this.#controls).map((control: ControlConnection) =>
        this.#ending("upstream connection", () => control.close()),
      ),
    ]);
    const reader = this.#reader;
    this.#reader = null;
    await this.#ending("views", async () => reader?.close());
    await this.#ending("engine", () => this.#engine.close());
  }

  /** Memory of assembled answers. */
  get kept(): KeptBytes {
    return this.#serving.kept.usage;
  }

  /** What the gauges read. */
  metricSources(): MetricSources {
    return {
      catalog: this.#catalog,
      stored: () => this.#stored(),
      partialKeys: () => this.#partialKeys(),
      invalidate: this.#invalidate,
      calls: this.#calls,
      lag: () => this.#lag.now(),
      appliedLsn: () => this.#health.applied,
      queueBytes: () => this.#pump.queuedBytes,
      slotRetainedBytes: () => this.#slotGauge.bytes,
      writeBackLags: () => this.#writeBacks.lags(this.#health.applied),
    };
  }

  /** Null when all caches are caught up, else what is missing. */
  notReady(): string | null {
    return whatIsMissing({
      failure: this.#failure ?? this.#replicationStart.problem?.message ?? null,
      health: this.#health,
      caches: this.#catalog.all(),
      fronts: { attached: this.fronts?.attached ?? 0, wanted: this.#options.fronts - 1 },
      behindBytes: this.#pump.queuedBytes > 0 ? this.#lag.now().bytes : 0,
      batchBytes: this.#options.applyBatchBytes,
    });
  }

  async #partialKeys(): Promise<PartialKeys> {
    return this.#stopping.signal.aborted ? { keysFilled: 0, keysEvicted: 0 } : await this.#engine.stats();
  }

  async #stored(): Promise<readonly CacheStatus[]> {
    return this.#stopping.signal.aborted ? [] : (await this.#engine.status()).caches;
  }

  #createBuilder(isNative: UpstreamCallPlanning["isNative"]): CacheBuilder {
    const control = this.#controls.analysis;
    const room = new DiskRoom(this.#options.data, this.#options.storeFreeBytes);
    return new CacheBuilder({ engine: this.#engine, source: this.#source, control, clock: now, room, isNative });
  }

  #createWriteBacks(retry: RetryDelay): WriteBacks {
    return new WriteBacks({
      instance: this.#options.instance,
      control: this.#controls.writing,
      engine: this.#engine,
      reader: () => this.#openReader(),
      batchRows: this.#options.writeBackBatchRows,
      retry,
      logger: this.#logger,
    });
  }

  #createPump(): Pump {
    const options = this.#options;
    return new Pump(
      this.#engine,
      this.#source,
      { queueBytes: options.engineQueueBytes, batchBytes: options.applyBatchBytes },
      {
        onApplied: (result, commits) => this.#onApplied(result, commits),
        onMoved: () => this.#manager.primaryMoved(),
        onFailed: (message) => this.#onFailed(message),
      },
    );
  }

  #createServing(shared: Shared): Serving {
    const { analysis, positions } = this.#controls;
    const fills = new KeyFills({ engine: this.#engine, clock: now, logger: this.#logger });
    shared.compiled.onForgotten((id) => fills.forget(id));
    return createServing(this.#options, shared, {
      catalog: this.#catalog,
      fills,
      invalidating: this.#invalidate.read,
      health: this.#health,
      upstreamLsn: new UpstreamLsn(positions),
      nudge: this.#nudge,
      run: (statements) => analysis.run(statements),
      reader: () => this.#reader,
      onAnswered: (milliseconds) => this.#hooks.onAnswered(milliseconds / 1000),
      logger: this.#logger,
      onSchemaStatement: () => {
        shared.queries.forgetVerdicts();
        this.#schemaWatch.onSchemaStatement();
      },
      onTransactionStatement: () => this.#schemaWatch.onTransactionStatement(),
    });
  }

  #createCommands(shared: Shared): Commands {
    return new Commands({
      database: () => shared.database,
      ask: (sql) => this.#controls.privileging.query(sql),
      permissions: shared.permissions,
      instance: this.#options.instance,
      catalog: this.#catalog,
      manager: this.#manager,
      builder: this.#builder,
      engine: this.#engine,
      source: this.#source,
      health: this.#health,
      pump: this.#pump,
      queries: shared.queries,
      writeBacks: this.#writeBacks,
      answers: this.#invalidate.answers,
      lag: () => this.#lag.now(),
      clients: () => this.#hooks.clients() + (this.fronts?.clients ?? 0),
      fronts: () => 1 + (this.fronts?.attached ?? 0),
      clock: now,
    });
  }

  #createFronts({ queries, privileges }: Shared, commands: CommandRunner): FrontServer {
    return new FrontServer({
      path: coreSocketPath(this.#options.data),
      generation: this.#hooks.generation,
      catalog: this.#catalog,
      health: this.#health,
      privileges,
      engine: this.#engine,
      invalidating: this.#invalidate.read,
      queries,
      commands,
      prepare: (text) => this.front.prepare(text),
      uncommitted: () => this.#schemaWatch.uncommitted,
      schemaNews: (news) => this.front.schemaNews(news),
      console: this.#hooks.console,
      clock: now,
      logger: this.#logger,
    });
  }

  async #replicate(state: EngineState): Promise<void> {
    try {
      const live = state.tables.filter((table) => table.state === "live").map(({ table }) => table);
      const { origin } = state;
      const started = await this.#replicationStart.run(
        origin === null ? null : { ...origin, seen: latestSnapshot(state) },
        live,
        this.#invalidate.invalidations.before(this.#pump),
      );
      if (started === null) return;
      const reset = started.reset || origin === null;
      const moved = !reset && started.origin.timeline !== origin.timeline;
      if (reset) await this.#engine.reset(started.origin);
      else if (moved) await this.#engine.relocate(started.origin.timeline);
      this.#health.restart(started.origin.lsn);
      await this.#manager.reconcile(state, reset);
      if (moved) this.#manager.primaryMoved();
      this.#pump.open(started.origin.lsn);
    } catch (thrown) {
      if (!this.#stopping.signal.aborted) this.#onFailed(errorMessage(thrown));
    }
  }

  /** The slot is lost: a new one is made and everything is built anew. */
  #restart(): void {
    if (this.#restarting || this.#stopping.signal.aborted) return;
    this.#restarting = true;
    this.#starting = this.#starting.then(async () => {
      try {
        await this.#pump.close();
        await this.#source.stop();
        this.#pump.restart();
        const started = await this.#replicationStart.run(null, [], this.#invalidate.invalidations.before(this.#pump));
        if (started === null) return;
        await this.#manager.restartFrom(started.origin);
        this.#pump.open(started.origin.lsn);
      } catch (thrown) {
        if (!this.#stopping.signal.aborted) this.#onFailed(errorMessage(thrown));
      } finally {
        this.#restarting = false;
      }
    });
  }

  #onApplied(result: ApplyResult, commits: readonly Commit[]): void {
    const delay = this.#lag.onApplied(result, commits);
    if (delay !== null) this.#hooks.onApplied(delay / 1000);
    this.#manager.onApplied(result, commits);
  }

  /** The engine cannot go on: all caches miss until Freshet is started again. */
  #onFailed(message: string): void {
    this.#failure = message;
    this.#health.fail(`the caches have stopped: ${message}`);
    this.#logger.error({ error: message }, "the caches cannot follow the upstream any more: all reads are forwarded");
  }

  #openReader(): StoreReader {
    this.#reader ??= openStoreReader(storeDirectory(this.#options));
    return this.#reader;
  }

  #ending(what: string, end: () => Promise<void>): Promise<void> {
    return endPart(this.#logger, what, end);
  }
}
