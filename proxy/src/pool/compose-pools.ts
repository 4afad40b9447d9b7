import { type FreshetOptions, type Logger, errorMessage, readPoolConfiguration, requestStop } from "@freshet/base";
import type { Registry } from "prom-client";
import type { Upstream } from "../upstream/upstream.ts";
import { createReplicas } from "../replicas/compose-replicas.ts";
import { replicaMetrics } from "../replicas/replica-metrics.ts";
import type { Replicas } from "../replicas/replicas.ts";
import { poolMetrics } from "./pool-metrics.ts";
import { Pools } from "./pools.ts";

/** The pools of one instance, as the file of `--pools` says; none without it. */
export class PoolService {
  readonly pools: Pools | null;
  readonly #replicas: Replicas | null;
  readonly #file: string | undefined;
  readonly #logger: Logger;

  /** Throws a FreshetError when the file is wrong. */
  constructor(options: FreshetOptions, upstream: Upstream, logger: Logger, registry: Registry) {
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
      configuration: readPoolConfiguration(options.pools),
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
      this.pools.reconfigure(readPoolConfiguration(this.#file));
      this.#logger.info({ file: this.#file }, "the settings of the pools have been read again");
      return null;
    } catch (thrown) {
      this.#logger.error({ error: errorMessage(thrown) }, "the settings of the pools could not be read again");
      return errorMessage(thrown);
    }
  }

  stop(): void {
    this.#replicas?.stop();
    this.pools?.stop();
  }
}
