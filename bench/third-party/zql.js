// The engine's files within the package of Zero, whose other parts (and most of whose dependencies) it does not need.
export { buildPipeline } from "./node_modules/@rocicorp/zero/out/zql/src/builder/builder.js";
export { ArrayView } from "./node_modules/@rocicorp/zero/out/zql/src/ivm/array-view.js";
export { MemorySource } from "./node_modules/@rocicorp/zero/out/zql/src/ivm/memory-source.js";
export { MemoryStorage } from "./node_modules/@rocicorp/zero/out/zql/src/ivm/memory-storage.js";
