import { describe, expect, test } from "vitest";
import type { CaseResults } from "../results.ts";
import { panelsSpec } from "./panels.ts";
import { pictureFiles } from "./pictures.ts";

const load = { transactions: 1, tps: 1, meanUs: 1, p50Us: 1, p99Us: 1 };
const paced = { wanted: 1, made: 1000 };
const memory = { residentBytes: 3 * 1024 ** 2, anonymousBytes: 1024 ** 2 };
const cases: CaseResults = {
  scale: {
    points: [1000, 10_000].map((rows) => ({
      ...{ rows, buildMs: 1500, hitP50Us: 50, hitP99Us: 90, cpuUsPerChange: 12, changesPerSecond: 9, restartMs: 400 },
      ...{ ...memory, diskBytes: rows * 1024 },
    })),
  },
  mixed: {
    ...{ rows: 1, seconds: 2, lookUps: load, aggregates: load, writes: { items: paced, accounts: paced } },
    samples: [1, 2].map((seconds) => ({ seconds, hitsPerSecond: 10, visibleMs: 2, ...memory })),
  },
};

describe("pictures", () => {
  test("there is one for each of the two cases that was measured", () => {
    expect(pictureFiles(cases).map(({ file }) => file)).toEqual(["performance-scale.svg", "performance-mixed.svg"]);
    expect(pictureFiles({})).toEqual([]);
  });

  test("they hold the measured points, in the units of their axes", () => {
    const [scale = "", mixed = ""] = pictureFiles(cases).map(({ spec }) => JSON.stringify(spec));
    for (const point of ['"name":"p99","x":10000,"y":90', '"x":1000,"y":1.5', '"name":"resident","x":1000,"y":3']) {
      expect(scale).toContain(point);
    }
    expect(mixed).toContain("2,000 commits/s");
    expect(mixed).toContain('"name":"of it not mapped files","x":2,"y":1');
  });

  test("one series has no legend, several have", () => {
    const panel = { title: "t", xTitle: "x", yTitle: "y", logarithmic: false };
    const series = [{ name: "a", points: [[1, 2] as const] }];
    expect(JSON.stringify(panelsSpec("one", [{ ...panel, series }]))).toContain('"legends":[]');
    const two = [...series, { name: "b", points: [] }];
    expect(JSON.stringify(panelsSpec("two", [{ ...panel, series: two }]))).toContain('"stroke":"colour"');
  });
});
