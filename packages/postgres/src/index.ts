export * from "./postgres.ts";
export * from "./database.ts";
export * from "./free-port.ts";
