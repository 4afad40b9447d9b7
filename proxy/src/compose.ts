import { join } from "node:path";
import {
  FreshetError,
  type FreshetOptions,
  type Logger,
  SqlState,
  createLogger,
  errorMessage,
  now,
  wallTime,
} from "@freshet/base";
import type { ApplyResult, ChangeSource, Commit, Engine, EngineState } from "@freshet/contract";
import { type UpstreamCallPlanning, loadParser } from "@freshet/sql";
import { type StoreReader, openStoreReader } from "@freshet/store";
import { LSN_ZERO } from "@freshet/values";
import { type ClientAccess, createClientAccess } from "./authentication/client-access.ts";
import { AdminServer } from "./admin/admin-server.ts";
import { Metrics } from "./admin/metrics.ts";
import { CacheBuilder } from "./caches/cache-builder.ts";
import { CacheCatalog } from "./caches/cache-catalog.ts";
import { CacheManager } from "./caches/cache-manager.ts";
import { CatalogFile } from "./caches/catalog-file.ts";
import { announcementQuery } from "./caches/schema-announcement.ts";
import type { RetryDelay } from "./caches/retry.ts";
import { RUNNING_TRANSACTIONS, SchemaWatch, parseTransactions } from "./caches/schema-watch.ts";
import { Commands } from "./commands/command-runner.ts";
import type { ControlConnection } from "./control/control-connection.ts";
import { type Controls, createControls } from "./control/controls.ts";
import { type Shared, createShared, retryDelay } from "./compose-shared.ts";
import { DataLock } from "./data-lock.ts";
import type { FreshetFactories, RunningFreshet } from "./freshet-factories.ts";
import { ViewFront } from "./front/cache-front.ts";
import { KeyFills } from "./front/key-fills.ts";
import { ZoneTables } from "./front/zone-tables.ts";
import { UpstreamLsn } from "./front/upstream-lsn.ts";
import { proxyOptions } from "./listener/proxy-options.ts";
import { ProxyServer } from "./listener/proxy-server.ts";
import { type InvalidateMode, createInvalidateMode } from "./invalidate/compose-invalidate.ts";
import { PoolService } from "./pool/compose-pools.ts";
import { ReplicationHealth } from "./replication/health.ts";
import { Lag } from "./replication/lag.ts";
import { Pump } from "./replication/pump.ts";
import { ReplicationStart } from "./replication/replication-start.ts";
import { SlotGauge } from "./replication/slot-gauge.ts";
import type { CallClient } from "./upstream-calls/call-client.ts";
import { createCallClient } from "./upstream-calls/create-call-client.ts";
import { type Upstream, upstreamOf } from "./upstream/upstream.ts";
import type { UpstreamServer } from "./upstream/upstream-server.ts";
import { WriteBacks } from "./write-back/write-backs.ts";

/** How often the slot's retained WAL is looked at. */
const SLOT_GAUGE_INTERVAL_MS = 10_000;

/**
 * Wires one instance: clients are served from the start, the caches come as soon as the upstream lets
 * them. Rejects only for what is wrong here (address in use, data folder in use or unreadable).
 */
export async function composeFreshet(options: FreshetOptions, factories: FreshetFactories): Promise<RunningFreshet> {
  const logger = createLogger({ level: options.logLevel });
  await loadParser();
  const upstream = upstreamOf(options, logger);
  const lock = await DataLock.acquire(options.data);
  try {
    const calls = createCallClient(options, upstream.driver, logger, now);
    const engine = await factories.engine(join(options.data, "store"), calls);
    const freshet = await construct(engine, () => {
      return new Freshet(options, upstream, engine, factories, calls, logger);
    });
    return await freshet.start(() => lock.release());
  } catch (thrown) {
    await lock.release();
    throw thrown;
  }
}

/** An engine that nobody takes over is closed: its worker holds the store open. */
async function construct(engine: Engine, make: () => Freshet): Promise<Freshet> {
  try {
    return make();
  } catch (thrown) {
    await engine.close();
    throw thrown;
  }
}

class Freshet {
  readonly #options: FreshetOptions;
  readonly #logger: Logger;
  readonly #engine: Engine;
  readonly #source: ChangeSource;
  readonly #upstream: UpstreamServer;
  readonly #calls: CallClient;
  readonly #stopping = new AbortController();
  readonly #controls: Controls;
  readonly #catalog: CacheCatalog;
  readonly #health: ReplicationHealth;
  readonly #pump: Pump;
  readonly #invalidate: InvalidateMode;
  readonly #lag: Lag;
  readonly #metrics: Metrics;
  readonly #manager: CacheManager;
  readonly #builder: CacheBuilder;
  readonly #writeBacks: WriteBacks;
  readonly #replicationStart: ReplicationStart;
  readonly #proxy: ProxyServer;
  readonly #admin: AdminServer;
  readonly #slotGauge: SlotGauge;
  readonly #schemaWatch: SchemaWatch;
  readonly #access: ClientAccess;
  readonly #pools: PoolService;
  #reader: StoreReader | null = null;
  #failure: string | null = null;
  #starting: Promise<void> = Promise.resolve();
  #restarting = false;
  #stopped: Promise<void> | null = null;

  constructor(
    options: FreshetOptions,
    upstream: Upstream,
    engine: Engine,
    factories: FreshetFactories,
    calls: CallClient,
    logger: Logger,
  ) {
    const source = factories.source(options, upstream.driver, logger);
    this.#upstream = upstream.server;
    this.#calls = calls;
    this.#options = options;
    this.#logger = logger;
    this.#controls = createControls(options, upstream.driver);
    const { analysis, privileging, positions } = this.#controls;
    this.#engine = engine;
    this.#source = source;
    this.#catalog = new CacheCatalog(new CatalogFile(join(options.data, "caches.json")));
    this.#health = new ReplicationHealth(source, options.replicationStaleMs, now);
    const retry = retryDelay(options, this.#stopping.signal);
    const shared = createShared(options, upstream.url, (sql) => privileging.query(sql), now);
    this.#builder = this.#createBuilder(factories.isNative);
    this.#invalidate = createInvalidateMode(options, {
      source,
      health: this.#health,
      query: (sql) => positions.query(sql),
      driver: upstream.driver,
      clock: now,
      logger,
    });
    this.#writeBacks = this.#createWriteBacks(retry);
    this.#manager = new CacheManager({
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
      failedRetryMs: options.failedCacheRetryMs,
      logger,
      announced: async () => (await analysis.query(announcementQuery(options.instance)))[0]?.[0] === "t",
      notStarted: () => this.#replicationStart.problem ?? this.#notStarted(),
    });
    this.#pump = this.#createPump();
    this.#lag = new Lag(this.#source, this.#health, () => this.#pump, wallTime);
    this.#replicationStart = new ReplicationStart(this.#source, retry, logger);
    this.#schemaWatch = new SchemaWatch(
      this.#manager,
      async () => parseTransactions(await analysis.query(RUNNING_TRANSACTIONS)),
      options.schemaCheckIntervalMs,
      logger,
    );
    this.#slotGauge = new SlotGauge(analysis, () => options.instance, SLOT_GAUGE_INTERVAL_MS, logger);
    this.#metrics = this.#createMetrics();
    this.#access = createClientAccess(options, upstream.driver, logger);
    this.#pools = new PoolService(options, upstream, logger, this.#metrics.registry);
    this.#proxy = this.#createProxy(upstream, shared);
    this.#admin = new AdminServer({ metrics: this.#metrics, notReady: () => this.#notReady(), logger });
  }

  #createProxy(upstream: Upstream, shared: Shared): ProxyServer {
    return new ProxyServer({
      options: proxyOptions(this.#options),
      upstream: upstream.url,
      upstreamServer: upstream.server,
      clientTls: this.#access.tls,
      authenticator: this.#access.authenticator,
      pools: this.#pools.pools,
      front: this.#createFront(shared, this.#controls.positions),
      commands: this.#createCommands(shared),
      logger: this.#logger,
      metrics: this.#metrics,
    });
  }

  #createBuilder(isNative: UpstreamCallPlanning["isNative"]): CacheBuilder {
    const control = this.#controls.analysis;
    return new CacheBuilder({ engine: this.#engine, source: this.#source, control, clock: now, isNative });
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
        onFailed: (message) => this.#onFailed(message),
      },
    );
  }

  #createFront(shared: Shared, positions: ControlConnection): ViewFront {
    const options = this.#options;
    return new ViewFront({
      database: () => shared.database,
      catalog: this.#catalog,
      compiled: shared.compiled,
      fills: new KeyFills({ engine: this.#engine, clock: now, logger: this.#logger }),
      invalidating: this.#invalidate.read,
      health: this.#health,
      privileges: shared.privileges,
      queries: shared.queries,
      upstreamLsn: new UpstreamLsn(positions),
      zones: new ZoneTables((statements) => this.#controls.analysis.run(statements), now),
      reader: () => this.#reader,
      onAnswered: (milliseconds) => this.#metrics.answered(milliseconds / 1000),
      clock: now,
      logger: this.#logger,
      limits: {
        maxResultBytes: options.maxResultBytes,
        sessionReadTimeoutMs: options.sessionReadTimeoutMs,
        strongReadTimeoutMs: options.strongReadTimeoutMs,
      },
      onSchemaStatement: () => {
        shared.queries.forgetVerdicts();
        this.#schemaWatch.onSchemaStatement();
      },
      onTransactionStatement: () => this.#schemaWatch.onTransactionStatement(),
    });
  }

  #createMetrics(): Metrics {
    return new Metrics(() => ({
      catalog: this.#catalog,
      engine: this.#engine,
      invalidate: this.#invalidate,
      calls: this.#calls,
      lag: () => this.#lag.now(),
      appliedLsn: () => this.#health.applied,
      clients: () => this.#metrics.clients,
      queueBytes: () => this.#pump.queuedBytes,
      slotRetainedBytes: () => this.#slotGauge.bytes,
      writeBackLags: () => this.#writeBacks.lags(this.#health.applied),
    }));
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
      clients: () => this.#metrics.clients,
      clock: now,
    });
  }

  /** What was begun is ended again when it fails. */
  async start(release: () => Promise<void>): Promise<RunningFreshet> {
    try {
      return await this.#start(release);
    } catch (thrown) {
      await this.#stop();
      throw thrown;
    }
  }

  async #start(release: () => Promise<void>): Promise<RunningFreshet> {
    const state = await this.#engine.open();
    this.#openReader();
    const { listen, admin } = this.#options;
    const adminAddress = await this.#admin.listen(admin.host, admin.port);
    const listenAddress = await this.#proxy.start();
    this.#access.watch();
    this.#upstream.onMoved(() => this.#health.primaryMoved());
    this.#source.onStatus((status) => {
      if (status.state !== "streaming") {
        this.#invalidate.invalidations.forgetAnswers();
        this.#health.streamEnded();
      }
      if (status.state === "slot-lost") this.#restart();
    });
    this.#starting = this.#replicate(state);
    this.#logger.info(
      { listen: `${listenAddress.host}:${listenAddress.port}`, admin: `${adminAddress.host}:${adminAddress.port}` },
      "Freshet is listening",
    );
    return {
      listen: { host: listen.host, port: listenAddress.port },
      admin: { host: admin.host, port: adminAddress.port },
      reload: () => [this.#access, this.#pools].forEach((part) => part.reload()),
      stop: () => {
        this.#stopped ??= this.#stop().then(release);
        return this.#stopped;
      },
    };
  }

  /** Ends everything in the order in which it depends on each other, whatever fails; clients first, the store last. */
  async #stop(): Promise<void> {
    this.#stopping.abort();
    this.#replicationStart.stop();
    this.#schemaWatch.stop();
    this.#slotGauge.stop();
    await this.#ending("clients", () => this.#proxy.stop());
    this.#pools.stop();
    // The engine may be waiting for the upstream.
    this.#calls.stop();
    await this.#ending("stream", () => this.#pump.close());
    await this.#ending("replication", () => this.#source.stop());
    await this.#starting;
    this.#invalidate.stop();
    // What waits for the upstream ends with its connections.
    await Promise.all([
      this.#ending("authentication", () => this.#access.close()),
      this.#ending("cache builds", () => this.#manager.stop()),
      this.#ending("write-back", () => this.#writeBacks.stopAll()),
      ...Object.values(this.#controls).map((control: ControlConnection) =>
        this.#ending("upstream connection", () => control.close()),
      ),
    ]);
    this.#upstream.close();
    await this.#ending("admin server", () => this.#admin.close());
    await this.#ending("views", async () => this.#reader?.close());
    await this.#ending("engine", () => this.#engine.close());
  }

  async #ending(what: string, end: () => Promise<void>): Promise<void> {
    try {
      await end();
    } catch (thrown) {
      this.#logger.error({ error: errorMessage(thrown) }, `the ${what} did not end as it should`);
    }
  }

  async #replicate(state: EngineState): Promise<void> {
    try {
      const live = state.tables.filter((table) => table.state === "live").map(({ table }) => table);
      const started = await this.#replicationStart.run(
        state.origin,
        live,
        this.#invalidate.invalidations.before(this.#pump),
      );
      if (started === null) return;
      const reset = started.reset || state.origin === null;
      if (reset) await this.#engine.reset(started.origin);
      this.#health.restart(started.origin.lsn);
      await this.#manager.reconcile(state, reset);
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
    if (delay !== null) this.#metrics.applied(delay / 1000);
    this.#manager.onApplied(result, commits);
  }

  /** The engine cannot go on: all caches miss until Freshet is started again. */
  #onFailed(message: string): void {
    this.#failure = message;
    this.#health.fail(`the caches have stopped: ${message}`);
    this.#logger.error({ error: message }, "the caches cannot follow the upstream any more: all reads are forwarded");
  }

  #notReady(): string | null {
    if (this.#failure !== null) return this.#failure;
    const { problem } = this.#replicationStart;
    if (problem !== null) return problem.message;
    const stream = this.#health.problem();
    if (stream !== null) return `replication: ${stream}`;
    if (this.#health.suspended) return "a schema change is being looked into";
    // A failed cache does not get ready by waiting: freshet_cache_ready and SHOW CACHES tell of it.
    const waiting = this.#catalog.all().find(({ phase }) => phase === "waiting" || phase === "building");
    if (waiting !== undefined)
      return `cache ${waiting.name}: ${waiting.phase}${waiting.reason === null ? "" : `, ${waiting.reason}`}`;
    const { bytes } = this.#lag.now();
    return this.#pump.queuedBytes > 0 && bytes > this.#options.applyBatchBytes ? `${bytes} bytes of WAL behind` : null;
  }

  #notStarted(): FreshetError | null {
    if (this.#failure !== null)
      return new FreshetError(SqlState.internalError, "the caches have stopped", { detail: this.#failure });
    if (this.#health.applied !== LSN_ZERO) return null;
    return new FreshetError(SqlState.cannotConnectNow, "replication from the upstream has not started yet", {
      detail: `Its state is: ${this.#source.status().state}.`,
    });
  }

  #openReader(): StoreReader {
    this.#reader ??= openStoreReader(join(this.#options.data, "store"));
    return this.#reader;
  }
}
