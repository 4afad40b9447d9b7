import { randomInt } from "node:crypto";
import { environment } from "./environment.ts";

const DEFAULT_SEED = 20_260_314;

/**
 * The seed of sampled tests: always the same one, so that a run can be repeated. `FC_SEED` gives another, and `FC_SEED=random` a new one
 * each time, which the test names when it fails.
 */
export function sampleSeed(): number {
  const given = environment()["FC_SEED"] ?? String(DEFAULT_SEED);
  if (given === "random") return randomInt(2 ** 31);
  const seed = Number(given);
  if (!Number.isSafeInteger(seed)) throw new RangeError(`FC_SEED is neither a number nor "random": ${given}`);
  return seed;
}

/** How many times as many samples as usual a test takes (`FC_RUNS_MULTIPLIER`). */
export function runsMultiplier(): number {
  return Number(environment()["FC_RUNS_MULTIPLIER"] ?? 1);
}
