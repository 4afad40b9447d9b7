import { expect, test } from "vitest";
import { parseTimelineHistory, whyNotInHistory } from "./timeline.ts";

const HISTORY = `1\t0/3000148\tno recovery target specified

2\tA/0FFFFFF\tbefore 2000-01-01 00:00:00+00
# a comment
`;

test("reads where each timeline was left", () => {
  expect(parseTimelineHistory(HISTORY)).toEqual([
    { timeline: 1, end: 0x3000148n },
    { timeline: 2, end: 0xa00ffffffn },
  ]);
  expect(parseTimelineHistory("")).toEqual([]);
});

test("what was applied before a timeline was left is part of those that came of it", () => {
  const facts = { timeline: 3, ancestors: parseTimelineHistory(HISTORY) };
  expect(whyNotInHistory(facts, 3, 1n << 60n)).toBeUndefined();
  expect(whyNotInHistory(facts, 1, 0x3000148n)).toBeUndefined();
  expect(whyNotInHistory(facts, 2, 0xa00ffffffn)).toBeUndefined();
});

test("what came after it, or of a timeline that is none of its past, is not", () => {
  const facts = { timeline: 3, ancestors: parseTimelineHistory(HISTORY) };
  expect(whyNotInHistory(facts, 1, 0x3000149n)).toBe(
    "timeline 1 was left at 0/3000148, the state has what came up to 0/3000149",
  );
  expect(whyNotInHistory(facts, 4, 1n)).toBe("the upstream is on timeline 3, the state on 4");
  expect(whyNotInHistory({ timeline: 2, ancestors: [] }, 1, 1n)).toBe("the upstream is on timeline 2, the state on 1");
});
