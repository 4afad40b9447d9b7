import { describe, expect, test } from "vitest";
import type { MixedResult, MixedSample } from "../cases/mixed.ts";
import { mixedGrowth } from "./mixed-growth.ts";

function mixed(sampleAt: (seconds: number) => Partial<MixedSample>): MixedResult {
  const load = { transactions: 1, tps: 1, meanUs: 1, p50Us: 1, p99Us: 1 };
  const paced = { wanted: 1, made: 1 };
  const level = { hitsPerSecond: 1000, visibleMs: 2, residentBytes: 300, anonymousBytes: 100 };
  const samples = Array.from({ length: 100 }, (_, at) => ({ seconds: at + 1, ...level, ...sampleAt(at + 1) }));
  return { rows: 1, seconds: 100, lookUps: load, aggregates: load, writes: { items: paced, accounts: paced }, samples };
}

describe("growth over a run", () => {
  test("of a level system is none, whatever it did while it warmed up", () => {
    const growth = mixedGrowth(mixed((seconds) => (seconds < 20 ? { anonymousBytes: 20, visibleMs: 50 } : {})));
    expect(growth).toEqual({ delayMs: 0, memory: 0, hits: 0 });
  });

  test("is that of the line, for delay in milliseconds, for memory and hits as a share of the mean", () => {
    const growth = mixedGrowth(
      mixed((seconds) => ({ visibleMs: seconds / 10, anonymousBytes: 40 + seconds, hitsPerSecond: 160 - seconds })),
    );
    expect(growth.delayMs).toBeCloseTo(8);
    expect(growth.memory).toBeCloseTo(0.8);
    expect(growth.hits).toBeCloseTo(-0.8);
  });
});
