import { expect, test } from "vitest";
import { isoTime, now, wallTime } from "./clock.ts";

test("the monotonic clock does not go back", () => {
  const times = Array.from({ length: 100 }, now);
  expect([...times].sort((a, b) => a - b)).toEqual(times);
});

test("wall time is written in UTC", () => {
  expect(isoTime(0)).toBe("1970-01-01T00:00:00.000Z");
  expect(Date.parse(isoTime())).toBeLessThanOrEqual(wallTime());
});
