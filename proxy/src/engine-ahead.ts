import type { FreshetOptions } from "@freshet/base";
import { type SpawnedEngine, spawnEngineWorker } from "@freshet/engine";
import { storeDirectory } from "./store-directory.ts";

/**
 * The engine's worker, which loads its own program while this thread still loads the rest: a restart takes that much less. Imports
 * nothing that takes long to load.
 */
export function spawnEngineAhead(options: FreshetOptions): SpawnedEngine {
  return spawnEngineWorker({ directory: storeDirectory(options) });
}
