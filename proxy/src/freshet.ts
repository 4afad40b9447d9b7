import type { FreshetOptions } from "@freshet/base";
import { type SpawnedEngine, compileRead, spawnEngineWorker, supportsCall } from "@freshet/engine";
import { createReplicator, uninstall } from "@freshet/replicator";
import { Freshet, composeFreshet } from "./compose.ts";
import type { FreshetFactories, RunningFreshet } from "./freshet-factories.ts";
import { FrontProcess } from "./fronts/front-process.ts";
import type { Family } from "./supervision/family.ts";
import type { DriverConnection } from "./upstream/upstream.ts";

export type { SpawnedEngine } from "@freshet/engine";

const FACTORIES: Omit<FreshetFactories, "engine"> = {
  isNative: supportsCall,
  compileRead,
  source: (given, upstream, logger) =>
    createReplicator({
      url: replicatorUpstream(upstream),
      instance: given.instance,
      setReplicaIdentity: given.setReplicaIdentity,
      slotFailover: given.slotFailover,
      logger,
      reconnect: { minMs: given.reconnectMinMs, maxMs: given.reconnectMaxMs },
      snapshotBatchBytes: given.snapshotBatchBytes,
      queueBytes: given.engineQueueBytes,
    }),
};

/** The first engine is the one in `ahead`. */
function factories(ahead: SpawnedEngine | null): FreshetFactories {
  let spawned = ahead;
  return {
    ...FACTORIES,
    engine: (directory, caller) => {
      const worker = spawned ?? spawnEngineWorker({ directory });
      spawned = null;
      return worker.connect(caller);
    },
  };
}

/** Starts an instance with the real engine and replicator; `ahead` is its engine's worker, if it has been started before. */
export function startFreshet(options: FreshetOptions, ahead: SpawnedEngine | null = null): Promise<RunningFreshet> {
  return composeFreshet(options, factories(ahead));
}

/** The same as one process of several; it is still to be started. */
export function prepareFreshet(options: FreshetOptions, family: Family, ahead: SpawnedEngine | null): Promise<Freshet> {
  return Freshet.prepare(options, factories(ahead), family);
}

/** A process that serves clients beside the one that has the caches; it is still to be started. */
export function prepareFront(options: FreshetOptions, family: Family): Promise<FrontProcess> {
  return FrontProcess.prepare(options, compileRead, family);
}

/** Removes what an instance made upstream, and tells what that was. */
export function uninstallFreshet(driver: DriverConnection, instance: string): Promise<readonly string[]> {
  return uninstall(replicatorUpstream(driver), instance);
}

/** The upstream as the replicator takes it. */
function replicatorUpstream(driver: DriverConnection): {
  readonly url: string;
  readonly stream: DriverConnection["stream"];
} {
  return { url: driver.connectionString, stream: driver.stream };
}
