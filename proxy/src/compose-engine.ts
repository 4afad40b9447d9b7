import { type FreshetOptions, type Logger, now } from "@freshet/base";
import type { Engine } from "@freshet/contract";
import type { FreshetFactories } from "./freshet-factories.ts";
import type { CallClient } from "./upstream-calls/call-client.ts";
import { createCallClient } from "./upstream-calls/create-call-client.ts";
import { storeDirectory } from "./store-directory.ts";
import type { Upstream } from "./upstream/upstream.ts";

/** The engine's worker, loaded but without its store, which may still be another process's. */
export interface LoadedEngine {
  readonly engine: Engine;
  readonly calls: CallClient;
}

export async function loadEngine(
  options: FreshetOptions,
  upstream: Upstream,
  factories: FreshetFactories,
  logger: Logger,
): Promise<LoadedEngine> {
  const calls = createCallClient(options, upstream.driver, logger, now);
  return { engine: await factories.engine(storeDirectory(options), calls), calls };
}
