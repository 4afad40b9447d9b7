export { createEngine, type EngineOptions } from "./create-engine.ts";
export type { WorkerOptions } from "./worker/protocol.ts";
export { startEngineWorker } from "./worker/start-engine-worker.ts";
