/** Values of all types to try, as PostgreSQL writes them: listed ones, and random ones of a known seed. */
export * from "./compound-samples.ts";
export * from "./network-samples.ts";
export * from "./number-samples.ts";
export { RUNS_MULTIPLIER, SEED } from "./sampling.ts";
export * from "./text-samples.ts";
export * from "./time-samples.ts";
