import type { FreshetOptions } from "@freshet/base";
import { startEngineWorker, supportsCall } from "@freshet/engine";
import { createReplicator } from "@freshet/replicator";
import { composeFreshet } from "./compose.ts";
import type { RunningFreshet } from "./freshet-factories.ts";
import type { DriverConnection } from "./upstream/upstream.ts";

/** Starts an instance with the real engine and replicator. */
export function startFreshet(options: FreshetOptions): Promise<RunningFreshet> {
  return composeFreshet(options, {
    engine: (directory, caller) => startEngineWorker({ directory }, caller),
    isNative: supportsCall,
    source: (given, upstream, logger) =>
      createReplicator({
        url: replicatorUpstream(upstream),
        instance: given.instance,
        setReplicaIdentity: given.setReplicaIdentity,
        logger,
        reconnect: { minMs: given.reconnectMinMs, maxMs: given.reconnectMaxMs },
        snapshotBatchBytes: given.snapshotBatchBytes,
        queueBytes: given.engineQueueBytes,
      }),
  });
}

/** The upstream as the replicator takes it. */
export function replicatorUpstream(driver: DriverConnection): {
  readonly url: string;
  readonly stream: DriverConnection["stream"];
} {
  return { url: driver.connectionString, stream: driver.stream };
}
