import { Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { CountedHistogram } from "./counted-histogram.ts";

test("says what an ordinary histogram says of the same values", async () => {
  const configuration = { name: "seconds", help: "A time.", buckets: [0.25, 0.5, 1, 8] };
  const [plain, counted] = [new Registry(), new Registry()];
  const observed = new Histogram({ ...configuration, registers: [plain] });
  const histogram = new CountedHistogram({ ...configuration, registers: [counted] });
  expect(await counted.metrics()).toBe(await plain.metrics());
  for (const value of [0, 0.125, 0.25, 0.3, 0.5, 0.75, 1, 1, 7, 8, 9, 1000]) {
    observed.observe(value);
    histogram.count(value);
    expect(await counted.metrics()).toBe(await plain.metrics());
  }
  expect(await counted.metrics()).toContain('seconds_bucket{le="1"} 8');
});
