export * from "./assert.ts";
export * from "./errors.ts";
export * from "./environment.ts";
