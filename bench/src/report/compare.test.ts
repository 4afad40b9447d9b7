import { describe, expect, test } from "vitest";
import type { CaseResults, Results } from "../results.ts";
import { comparison } from "./compare.ts";

function run(startedAt: string, rowsPerSecond: number, hitP50Us: number): Results {
  const build = { milliseconds: 1, rowsPerSecond };
  const point = { rows: 1000, buildMs: 1, hitP50Us, hitP99Us: 9, cpuUsPerChange: 5, changesPerSecond: 9, restartMs: 1 };
  const cases: CaseResults = {
    snapshot: { rows: 1000, first: build, second: build, keyed: build },
    scale: { points: [{ ...point, residentBytes: 1, anonymousBytes: 1, diskBytes: 100 }] },
  };
  return {
    ...{ startedAt, commit: "abc", scale: 1000, seconds: 1, quick: false, upstreamSettings: {}, caseRuns: {}, cases },
    machine: { processor: "some", cores: 2, memoryBytes: 1, node: "v20", postgresql: "18" },
  };
}

describe("a comparison with an earlier run", () => {
  const before = run("2026-01-01T00:00:00Z", 100_000, 100);

  test("warns of what became worse, whichever way is better, and names both figures", () => {
    expect(comparison(before, run("2026-01-02T00:00:00Z", 70_000, 140))).toBe(
      [
        "worse by more than 1.3x than in the run of 2026-01-01T00:00, commit abc:",
        "WARNING: snapshot: rows/s: 100,000 -> 70,000",
        "WARNING: scale: 1000 rows, hit p50 µs: 100 -> 140",
      ].join("\n"),
    );
  });

  test("is silent on what is within the tolerance or better", () => {
    const message = comparison(before, run("2026-01-02T00:00:00Z", 80_000, 20));
    expect(message).toBe("nothing is worse by more than 1.3x than in the run of 2026-01-01T00:00, commit abc");
  });

  test("says so when there is nothing to compare with", () => {
    expect(comparison(null, before)).toContain("no earlier run");
  });
});
