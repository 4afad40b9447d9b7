export * from "./data-folder.ts";
export * from "./database.ts";
export * from "./free-port.ts";
export * from "./postgres.ts";
