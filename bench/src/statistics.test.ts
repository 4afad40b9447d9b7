import { describe, expect, test } from "vitest";
import { distribution, medianBy, percentile, slope } from "./statistics.ts";

describe("percentiles by nearest rank", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);

  test.each([
    [0, 1],
    [0.5, 50],
    [0.99, 99],
    [0.991, 100],
    [1, 100],
  ])("%d of 1..100 is %d", (share, expected) => {
    expect(percentile(hundred, share)).toBe(expected);
  });

  test("one sample is every percentile", () => {
    expect(distribution([7])).toEqual({ samples: 1, mean: 7, p50: 7, p99: 7, p999: 7, max: 7 });
  });

  test("samples may come in any order", () => {
    expect(distribution([30, 10, 20])).toEqual({ samples: 3, mean: 20, p50: 20, p99: 30, p999: 30, max: 30 });
  });

  test("no samples have none", () => {
    expect(() => percentile([], 0.5)).toThrow("no samples");
  });
});

describe("median runs", () => {
  test("the middle one of an odd number, the lower middle of an even one", () => {
    expect(medianBy([5, 1, 3], (run) => run)).toBe(3);
    expect(medianBy([4, 1, 3, 2], (run) => run)).toBe(2);
  });
});

describe("slopes", () => {
  test("of points on a line, of scattered ones, and of a level", () => {
    expect(
      slope([
        [0, 1],
        [1, 3],
        [2, 5],
      ]),
    ).toBe(2);
    expect(
      slope([
        [0, 0],
        [1, 2],
        [2, 1],
        [3, 3],
      ]),
    ).toBeCloseTo(0.8);
    expect(
      slope([
        [5, 4],
        [9, 4],
      ]),
    ).toBe(0);
  });

  test("one point, or several above each other, have none", () => {
    expect(() => slope([[1, 1]])).toThrow("two points");
    expect(() =>
      slope([
        [1, 1],
        [1, 2],
      ]),
    ).toThrow("same x");
  });
});
