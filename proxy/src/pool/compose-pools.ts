import {
  type FreshetOptions,
  type Logger,
  errorMessage,
  processId,
  readPoolConfiguration,
  requestStop,
} from "@freshet/base";
import type { Registry } from "prom-client";
import type { Upstream } from "../upstream/upstream.ts";
import { consoleHere } from "../console/console-command.ts";
import type { ConsoleFamily, ConsolePart } from "../console/console-family.ts";
import { createReplicas } from "../replicas/compose-replicas.ts";
import { replicaMetrics } from "../replicas/replica-metrics.ts";
import type { Replicas } from "../replicas/replicas.ts";
import { poolMetrics } from "./pool-metrics.ts";
import { type Share, sharedConfiguration } from "./pool-share.ts";
import { Pools } from "./pools.ts";

/** The pools of one process, as the file of `--pools` says; none without it. */
export class PoolService {
  readonly pools: Pools | null;
  readonly #replicas: Replicas | null;
  readonly #share: Share;
  readonly #file: string | undefined;
  readonly #logger: Logger;

  /** Throws a FreshetError when the file is wrong. */
  constructor(
    options: FreshetOptions,
    upstream: Upstream,
    logger: Logger,
    registry: Registry,
    share: Share,
    family: ConsoleFamily | null,
  ) {
    this.#share = share;
    this.#file = options.pools;
    this.#logger = logger;
    if (options.pools === undefined) {
      this.pools = null;
      this.#replicas = null;
      replicaMetrics(null, registry);
      poolMetrics(null, registry);
      return;
    }
    this.#replicas = createReplicas(options, upstream, logger);
    this.pools = new Pools({
      replicas: this.#replicas,
      configuration: sharedConfiguration(readPoolConfiguration(options.pools), share),
      family,
      address: upstream.server,
      logger,
      reload: () => this.reload(),
      shutDown: requestStop,
    });
    upstream.server.onMoved(() => this.pools?.reconnect(null));
    replicaMetrics(this.#replicas, registry);
    poolMetrics(this.pools, registry);
    this.#replicas?.start();
  }

  /** Reads the file again; what is wrong with it is told, and the settings stay as they are. Null: it was right. */
  reload(): string | null {
    if (this.#file === undefined || this.pools === null) return null;
    try {
      this.pools.reconfigure(sharedConfiguration(readPoolConfiguration(this.#file), this.#share));
      this.#logger.info({ file: this.#file }, "the settings of the pools have been read again");
      return null;
    } catch (thrown) {
      this.#logger.error({ error: errorMessage(thrown) }, "the settings of the pools could not be read again");
      return errorMessage(thrown);
    }
  }

  /** What another process's console asks of this one. */
  async console(text: string): Promise<ConsolePart> {
    return { process: processId(), rows: this.pools === null ? [] : await consoleHere(this.pools, text) };
  }

  stop(): void {
    this.#replicas?.stop();
    this.pools?.stop();
  }
}
