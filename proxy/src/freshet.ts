import type { FreshetOptions } from "@freshet/base";
import { startEngineWorker } from "@freshet/engine";
import { createReplicator } from "@freshet/replicator";
import { type RunningFreshet, composeFreshet } from "./compose.ts";

/** Starts an instance with the real engine and replicator. */
export function startFreshet(options: FreshetOptions): Promise<RunningFreshet> {
  return composeFreshet(options, {
    engine: (directory) => startEngineWorker({ directory }),
    source: (
      { upstream, instance, setReplicaIdentity, reconnectMinMs, reconnectMaxMs, snapshotBatchBytes, engineQueueBytes },
      logger,
    ) =>
      createReplicator({
        url: upstream,
        instance,
        setReplicaIdentity,
        logger,
        reconnect: { minMs: reconnectMinMs, maxMs: reconnectMaxMs },
        snapshotBatchBytes,
        queueBytes: engineQueueBytes,
      }),
  });
}
