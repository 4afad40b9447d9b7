import {
  FreshetError,
  type FreshetOptions,
  type Logger,
  SqlState,
  assert,
  createLogger,
  processPlace,
} from "@freshet/base";
import { loadParser } from "@freshet/sql";
import { Metrics } from "../admin/metrics.ts";
import { type ClientAccess, createClientAccess } from "../authentication/client-access.ts";
import { endPart } from "../compose-shared.ts";
import type { CompileRead } from "../front/compile-read.ts";
import type { AcceptedSocket } from "../listener/client-source.ts";
import { proxyOptions } from "../listener/proxy-options.ts";
import { ProxyServer } from "../listener/proxy-server.ts";
import { PoolService } from "../pool/compose-pools.ts";
import type { Share } from "../pool/pool-share.ts";
import type { Family } from "../supervision/family.ts";
import type { LedProcess } from "../supervision/supervised-process.ts";
import { type Upstream, upstreamOf } from "../upstream/upstream.ts";
import { RemoteCore } from "./remote-core.ts";

/** A process that serves clients, whose caches another process of the same instance keeps. */
export class FrontProcess implements LedProcess {
  readonly #logger: Logger;
  readonly #upstream: Upstream;
  readonly #metrics: Metrics;
  readonly #access: ClientAccess;
  readonly #pools: PoolService;
  readonly #core: RemoteCore;
  readonly #proxy: ProxyServer;
  #stopped: Promise<void> | null = null;

  private constructor(options: FreshetOptions, compileRead: CompileRead, family: Family, logger: Logger) {
    this.#logger = logger;
    this.#upstream = upstreamOf(options, logger);
    const { driver, url, server } = this.#upstream;
    const { front: process, generation } = processPlace();
    const share: Share = { processes: options.fronts, process };
    this.#metrics = new Metrics({ kept: () => this.#core.kept, relayBytes: () => this.#proxy.bufferedBytes }, null);
    const { registry } = this.#metrics;
    this.#access = createClientAccess(options, driver, logger);
    const others = { ask: (text: string) => this.#core.console(text) };
    this.#pools = new PoolService(options, this.#upstream, logger, registry, share, others);
    const hooks = {
      onAnswered: (seconds: number) => this.#metrics.answered(seconds),
      clients: () => this.#metrics.clients,
      metrics: () => registry.getMetricsAsJSON(),
      console: (text: string) => this.#pools.console(text),
      schemaNews: (news: Parameters<Family["schemaNews"]>[0]) => family.schemaNews(news),
    };
    this.#core = new RemoteCore(options, generation, this.#upstream, compileRead, hooks, logger);
    this.#proxy = new ProxyServer({
      options: proxyOptions(options, share),
      upstream: url,
      upstreamServer: server,
      clientTls: this.#access.tls,
      authenticator: this.#access.authenticator,
      pools: this.#pools.pools,
      front: this.#core.front,
      commands: this.#core.commands,
      siblings: family,
      clients: family.clients,
      logger,
      metrics: this.#metrics,
    });
  }

  static async prepare(options: FreshetOptions, compileRead: CompileRead, family: Family): Promise<FrontProcess> {
    assert(options.fronts > 1, "there is another front, which has the caches");
    await loadParser();
    return new FrontProcess(options, compileRead, family, createLogger({ level: options.logLevel }));
  }

  /** Listens at the address that the process with the caches listens at. */
  async start(): Promise<null> {
    this.#core.start();
    const { host, port } = await this.#proxy.start();
    this.#access.watch();
    this.#logger.info({ listen: `${host}:${port}` }, "a front is listening");
    return null;
  }

  /** Whatever could be wrong here is wrong where the caches are, too. */
  rehearse(): Promise<void> {
    return Promise.resolve();
  }

  handOver(): Promise<never> {
    return noCaches();
  }

  takeBack(): Promise<never> {
    return noCaches();
  }

  reload(): void {
    this.#access.reload();
    this.#pools.reload();
  }

  /** Takes no more clients, and ends when those that are here have left, or after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    await this.#proxy.drain(timeoutMs);
    await this.stop();
  }

  cancel(processId: number, secretKey: Buffer): Promise<boolean> {
    return this.#proxy.cancel(processId, secretKey);
  }

  accept(socket: AcceptedSocket, isUnix: boolean): void {
    this.#proxy.accept(socket, isUnix);
  }

  schemaNews(): void {
    this.#core.schemaNews();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await endPart(this.#logger, "clients", () => this.#proxy.stop());
    this.#pools.stop();
    await Promise.all([
      endPart(this.#logger, "authentication", () => this.#access.close()),
      endPart(this.#logger, "connection to the caches", () => this.#core.stop()),
    ]);
    this.#upstream.server.close();
  }
}

function noCaches(): Promise<never> {
  return Promise.reject(new FreshetError(SqlState.internalError, "a front has no caches to give or to take"));
}
