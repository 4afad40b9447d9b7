import { expect, test } from "vitest";
import { StepSize } from "./step-size.ts";

function sizes(seconds: readonly number[]): number[] {
  let now = 0;
  const size = new StepSize(1000, () => now);
  return seconds.map((duration) => {
    size.timed(() => {
      now += duration;
    });
    return size.rows;
  });
}

test("steps grow while they are short, shrink when they are long, and stay within bounds", () => {
  expect(sizes([0.001, 0.002, 0.02, 0.05, 0.05, 0.05])).toEqual([2000, 4000, 4000, 2000, 1000, 1000]);
  expect(sizes(Array.from({ length: 8 }, () => 0)).at(-1)).toBe(16_384);
});

test("without a clock the size is fixed, and a step's result is handed on", () => {
  const size = new StepSize(7, null);
  expect(size.timed(() => "done")).toBe("done");
  expect(size.rows).toBe(7);
});
