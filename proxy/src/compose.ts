import { type FreshetOptions, type Logger, createLogger, must, processPlace } from "@freshet/base";
import { loadParser } from "@freshet/sql";
import { AdminServer } from "./admin/admin-server.ts";
import { allMetrics } from "./admin/all-metrics.ts";
import { Metrics } from "./admin/metrics.ts";
import { type ClientAccess, createClientAccess } from "./authentication/client-access.ts";
import { CachingCore } from "./compose-core.ts";
import { type LoadedEngine, loadEngine } from "./compose-engine.ts";
import { endPart } from "./compose-shared.ts";
import type { ConsoleFamily } from "./console/console-family.ts";
import { ControlConnection } from "./control/control-connection.ts";
import { DataLock } from "./data-lock.ts";
import type { FreshetFactories, RunningFreshet } from "./freshet-factories.ts";
import { AwayCommands, AwayFront, type SchemaNews } from "./front/away-front.ts";
import type { AcceptedSocket } from "./listener/client-source.ts";
import { proxyOptions } from "./listener/proxy-options.ts";
import { ProxyServer } from "./listener/proxy-server.ts";
import { NO_SIBLINGS } from "./listener/siblings.ts";
import { PoolService } from "./pool/compose-pools.ts";
import type { Share } from "./pool/pool-share.ts";
import type { Family } from "./supervision/family.ts";
import { type Upstream, upstreamOf } from "./upstream/upstream.ts";

const ALONE: Family = { ...NO_SIBLINGS, schemaNews: () => undefined, clients: null };

/**
 * Wires one instance: clients are served from the start, the caches come as soon as the upstream lets
 * them. Rejects only for what is wrong here (address in use, data folder in use or unreadable).
 */
export async function composeFreshet(options: FreshetOptions, factories: FreshetFactories): Promise<RunningFreshet> {
  const freshet = await Freshet.prepare(options, factories, ALONE);
  const { listen, admin } = await freshet.start();
  return { listen, admin, reload: () => freshet.reload(), stop: () => freshet.stop() };
}

/**
 * One process of an instance: what serves clients, and, while it has the data folder, the caches. It can give the caches to another
 * process and go on serving those clients that it has.
 */
export class Freshet {
  readonly #options: FreshetOptions;
  readonly #factories: FreshetFactories;
  readonly #family: Family;
  readonly #logger: Logger;
  readonly #upstream: Upstream;
  readonly #metrics: Metrics;
  readonly #admin: AdminServer;
  readonly #access: ClientAccess;
  readonly #pools: PoolService;
  readonly #share: Share;
  #proxy: ProxyServer | null = null;
  #lock: DataLock | null = null;
  #loaded: LoadedEngine | null = null;
  #core: CachingCore | null = null;
  /** The last one that was here: what it knew serves to read statements. */
  #lastCore: CachingCore | null = null;
  #stopped: Promise<void> | null = null;

  private constructor(options: FreshetOptions, factories: FreshetFactories, family: Family, logger: Logger) {
    this.#options = options;
    this.#factories = factories;
    this.#family = family;
    this.#logger = logger;
    this.#upstream = upstreamOf(options, logger);
    this.#metrics = new Metrics(
      {
        kept: () => this.#lastCore?.kept ?? { bytes: 0, largeBytes: 0 },
        relayBytes: () => this.#proxy?.bufferedBytes ?? 0,
      },
      () => must(this.#lastCore).metricSources(),
    );
    this.#access = createClientAccess(options, this.#upstream.driver, logger);
    this.#share = { processes: options.fronts, process: 0 };
    const others: ConsoleFamily = { ask: async (text) => this.#core?.fronts?.console(text) ?? [] };
    const { registry } = this.#metrics;
    const inAll = options.fronts === 1 ? null : others;
    this.#pools = new PoolService(options, this.#upstream, logger, registry, this.#share, inAll);
    this.#admin = new AdminServer({
      metrics: () => allMetrics(registry, async () => this.#core?.fronts?.metrics() ?? []),
      notReady: () => this.#notReady(),
      logger,
    });
  }

  /** Reads what the options name; takes nothing yet that another process may have. */
  static async prepare(options: FreshetOptions, factories: FreshetFactories, family: Family): Promise<Freshet> {
    await loadParser();
    return new Freshet(options, factories, family, createLogger({ level: options.logLevel }));
  }

  /** Makes sure that it could serve, and does what can be done while another process has the data folder. Rejects when the upstream cannot be logged in to. */
  async rehearse(): Promise<void> {
    const control = new ControlConnection({
      ...this.#upstream.driver,
      applicationName: `freshet ${this.#options.instance}`,
      connectTimeoutMs: this.#options.upstreamConnectTimeoutMs,
    });
    try {
      await control.query("SELECT 1");
    } finally {
      await control.close();
    }
    this.#loaded = await loadEngine(this.#options, this.#upstream, this.#factories, this.#logger);
  }

  /** Takes the data folder and listens. What was begun is ended again when it fails. */
  async start(): Promise<Pick<RunningFreshet, "listen" | "admin">> {
    try {
      const core = await this.#takeCaches();
      this.#proxy = this.#createProxy(core);
      const { listen, admin } = this.#options;
      const adminAddress = await this.#admin.listen(admin.host, admin.port);
      const listenAddress = await this.#proxy.start();
      this.#access.watch();
      this.#logger.info(
        { listen: `${listenAddress.host}:${listenAddress.port}`, admin: `${adminAddress.host}:${adminAddress.port}` },
        "Freshet is listening",
      );
      return {
        listen: { host: listen.host, port: listenAddress.port },
        admin: { host: admin.host, port: adminAddress.port },
      };
    } catch (thrown) {
      await this.stop();
      throw thrown;
    }
  }

  reload(): void {
    this.#access.reload();
    this.#pools.reload();
  }

  /** Gives the data folder away: from now on everything is forwarded, until `takeBack`. */
  async handOver(): Promise<void> {
    const core = must(this.#core, "the caches are here");
    this.#core = null;
    this.#proxy?.serve(
      new AwayFront(core.front, (news) => this.#family.schemaNews(news)),
      new AwayCommands((command) => core.commands.columns(command)),
    );
    await core.stop();
    await this.#releaseLock();
  }

  /** Takes the data folder again, which nobody has. */
  async takeBack(): Promise<void> {
    const { front, commands } = await this.#takeCaches();
    this.#proxy?.serve(front, commands);
  }

  /** Takes no more clients, and ends when those that are here have left, or after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    await endPart(this.#logger, "admin server", () => this.#admin.close());
    await this.#proxy?.drain(timeoutMs);
    await this.stop();
  }

  /** A cancel request that came to another process. False: the key is nobody's here. */
  cancel(processId: number, secretKey: Buffer): Promise<boolean> {
    return this.#proxy?.cancel(processId, secretKey) ?? Promise.resolve(false);
  }

  /** A client that the supervisor has accepted. */
  accept(socket: AcceptedSocket, isUnix: boolean): void {
    if (this.#proxy === null) socket.destroy();
    else this.#proxy.accept(socket, isUnix);
  }

  /** What a client of another process may have changed. */
  schemaNews(news: SchemaNews): void {
    this.#core?.front.schemaNews(news);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  #createProxy({ front, commands }: CachingCore): ProxyServer {
    return new ProxyServer({
      options: proxyOptions(this.#options, this.#share),
      upstream: this.#upstream.url,
      upstreamServer: this.#upstream.server,
      clientTls: this.#access.tls,
      authenticator: this.#access.authenticator,
      pools: this.#pools.pools,
      front,
      commands,
      siblings: this.#family,
      clients: this.#family.clients,
      logger: this.#logger,
      metrics: this.#metrics,
    });
  }

  async #takeCaches(): Promise<CachingCore> {
    this.#lock = await DataLock.acquire(this.#options.data);
    const loaded = this.#loaded ?? (await loadEngine(this.#options, this.#upstream, this.#factories, this.#logger));
    this.#loaded = null;
    const core = await CachingCore.create(
      this.#options,
      this.#upstream,
      loaded,
      this.#factories,
      {
        onAnswered: (seconds) => this.#metrics.answered(seconds),
        onApplied: (seconds) => this.#metrics.applied(seconds),
        clients: () => this.#metrics.clients,
        console: (text) => this.#pools.console(text),
        generation: processPlace().generation,
        firstEpoch: this.#lastCore === null ? 0 : this.#lastCore.front.epoch + 1,
      },
      this.#logger,
    );
    this.#core = core;
    this.#lastCore = core;
    await core.start();
    return core;
  }

  /** Clients first, the store last. */
  async #stop(): Promise<void> {
    this.#core?.quiesce();
    await this.#ending("clients", async () => this.#proxy?.stop());
    this.#pools.stop();
    await Promise.all([
      this.#ending("authentication", () => this.#access.close()),
      this.#ending("admin server", () => this.#admin.close()),
      this.#ending("caches", async () => this.#core?.stop()),
    ]);
    this.#upstream.server.close();
    await this.#releaseLock();
  }

  async #releaseLock(): Promise<void> {
    const lock = this.#lock;
    this.#lock = null;
    await lock?.release();
  }

  #ending(what: string, end: () => Promise<void>): Promise<void> {
    return endPart(this.#logger, what, end);
  }

  #notReady(): string | null {
    return this.#core === null ? "another process has the caches" : this.#core.notReady();
  }
}
