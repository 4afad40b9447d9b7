export { createEngine, type EngineOptions } from "./create-engine.ts";
export { compileRead } from "./view/compile-read.ts";
export { supportsCall } from "./expression/supports-call.ts";
export type { WorkerOptions } from "./worker/protocol.ts";
export { type SpawnedEngine, spawnEngineWorker } from "./worker/start-engine-worker.ts";
