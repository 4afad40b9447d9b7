import { runsMultiplier, sampleSeed } from "@freshet/base";
import fc from "fast-check";

/** Seed of the sampled values; printed by vitest with a failure through the label. */
export const SEED: number = sampleSeed();
export const RUNS_MULTIPLIER: number = runsMultiplier();

export function sample(arbitrary: fc.Arbitrary<string>, count: number): string[] {
  return fc.sample(arbitrary, { seed: SEED, numRuns: count * RUNS_MULTIPLIER });
}
