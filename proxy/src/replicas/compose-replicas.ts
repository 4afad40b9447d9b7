import { type FreshetOptions, type Logger, formatAddress } from "@freshet/base";
import type { Upstream } from "../upstream/upstream.ts";
import { UpstreamServer } from "../upstream/upstream-server.ts";
import { Replica } from "./replica.ts";
import { Replicas } from "./replicas.ts";
import { ServerWatch } from "./server-watch.ts";

/** A replica that has not answered for this long is not there. */
const LOOK_TIMEOUT_MS = 5000;

/** The replicas that the options name; null: none. */
export function createReplicas(options: FreshetOptions, upstream: Upstream, logger: Logger): Replicas | null {
  const { replicas = [], replicaCheckIntervalMs, replicaMaxLagMs, upstreamConnectTimeoutMs } = options;
  if (replicas.length === 0) return null;
  const watch = (server: UpstreamServer): ServerWatch =>
    new ServerWatch({
      connectionString: upstream.driver.connectionString,
      open: () => server.connect(),
      timeoutMs: Math.min(LOOK_TIMEOUT_MS, upstreamConnectTimeoutMs),
      applicationName: `freshet ${options.instance} watch`,
    });
  return new Replicas({
    replicas: replicas.map((address) => {
      const server = new UpstreamServer(address, upstreamConnectTimeoutMs, upstream.tls);
      return { replica: new Replica(formatAddress(address), server), watch: watch(server) };
    }),
    primary: watch(upstream.server),
    intervalMs: replicaCheckIntervalMs,
    maxLagMs: replicaMaxLagMs,
    logger,
  });
}
