import { SeededRandom } from "@freshet/base";
import { expect, test } from "vitest";
import { Zipf } from "./zipf.ts";

test("frequencies fall as one over the rank", () => {
  const zipf = new Zipf(100, 1, new SeededRandom(1));
  const harmonic = Array.from({ length: 100 }, (_unused, index) => 1 / (index + 1)).reduce(
    (sum, part) => sum + part,
    0,
  );
  expect(zipf.share(1)).toBeCloseTo(1 / harmonic, 10);
  expect(zipf.share(100)).toBe(1);
  expect(zipf.share(1000)).toBe(1);
});

test("what is drawn has the share that it should have", () => {
  const zipf = new Zipf(1000, 0.99, new SeededRandom(7));
  let first = 0;
  const draws = 50_000;
  for (let draw = 0; draw < draws; draw++) if (zipf.next() < 10) first++;
  expect(Math.abs(first / draws - zipf.share(10))).toBeLessThan(0.02);
});
