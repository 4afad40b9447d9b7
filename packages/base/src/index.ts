export * from "./assert.ts";
export * from "./errors.ts";
