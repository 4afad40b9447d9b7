import { afterEach, expect, test, vi } from "vitest";
import { runsMultiplier, sampleSeed } from "./sample-seed.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("the seed is the same each time unless another is asked for", () => {
  vi.stubEnv("FC_SEED", undefined);
  expect(sampleSeed()).toBe(sampleSeed());
  vi.stubEnv("FC_SEED", "42");
  expect(sampleSeed()).toBe(42);
  vi.stubEnv("FC_SEED", "random");
  const seeds = new Set([sampleSeed(), sampleSeed(), sampleSeed(), sampleSeed()]);
  expect(seeds.size).toBeGreaterThan(1);
  vi.stubEnv("FC_SEED", "many");
  expect(() => sampleSeed()).toThrow("many");
});

test("samples are as many as usual unless more are asked for", () => {
  vi.stubEnv("FC_RUNS_MULTIPLIER", undefined);
  expect(runsMultiplier()).toBe(1);
  vi.stubEnv("FC_RUNS_MULTIPLIER", "20");
  expect(runsMultiplier()).toBe(20);
});
