export * from "./codec.ts";
export * from "./codec-set.ts";
export * from "./decimal.ts";
export * from "./key-writer.ts";
export * from "./lsn.ts";
export * from "./oids.ts";
export * from "./row.ts";
export * from "./type.ts";
