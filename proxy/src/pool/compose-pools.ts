import { type FreshetOptions, type Logger, errorMessage, readPoolConfiguration, requestStop } from "@freshet/base";
import type { Registry } from "prom-client";
import type { Upstream } from "../upstream/upstream.ts";
import { poolMetrics } from "./pool-metrics.ts";
import { Pools } from "./pools.ts";

/** The pools of one instance, as the file of `--pools` says; none without it. */
export class PoolService {
  readonly pools: Pools | null;
  readonly #file: string | undefined;
  readonly #logger: Logger;

  /** Throws a FreshetError when the file is wrong. */
  constructor(options: FreshetOptions, upstream: Upstream, logger: Logger, registry: Registry) {
    this.#file = options.pools;
    this.#logger = logger;
    if (options.pools === undefined) {
      this.pools = null;
      poolMetrics(null, registry);
      return;
    }
    this.pools = new Pools({
      configuration: readPoolConfiguration(options.pools),
      address: upstream.server,
      logger,
      reload: () => this.reload(),
      shutDown: requestStop,
    });
    upstream.server.onMoved(() => this.pools?.reconnect(null));
    poolMetrics(this.pools, registry);
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
    this.pools?.stop();
  }
}
