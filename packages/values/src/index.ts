export * from "./codec.ts";
export * from "./key-writer.ts";
export * from "./lsn.ts";
export * from "./row.ts";
export * from "./type.ts";
