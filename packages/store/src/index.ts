export * from "./lmdb-store.ts";
export * from "./memory-store.ts";
export * from "./store.ts";
export * from "./store-format.ts";
