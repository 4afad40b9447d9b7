import { describe, expect, test } from "vitest";
import { LineMultiset } from "./engine.ts";
import { Workload } from "./workload.ts";

describe("the workload of the rivals", () => {
  test("is the same for all who make it, also after changes", () => {
    const [one, other] = [new Workload(1000), new Workload(1000)];
    expect(one.nextCommit(10)).toEqual(other.nextCommit(10));
    expect(one.facts).toEqual(other.facts);
    expect(one.dims).toHaveLength(100);
  });

  test("a commit changes different rows, and hands out the very rows that were there", () => {
    const workload = new Workload(20);
    const before = [...workload.facts];
    const commit = workload.nextCommit(20);
    expect(new Set(commit.map(({ old }) => old[0])).size).toBe(20);
    for (const change of commit) {
      expect(change.old).toBe(before[change.old[0]]);
      expect(workload.facts[change.old[0]]).toBe(change.new);
    }
  });
});

describe("a result made of differences", () => {
  test("adds up weights", () => {
    const lines = new LineMultiset();
    lines.add("a", 2);
    lines.add("b", 1);
    lines.add("b", -1);
    lines.add("a", -1);
    expect(lines.lines()).toEqual(["a"]);
  });

  test("that takes away what was never there is wrong", () => {
    const lines = new LineMultiset();
    lines.add("a", -1);
    expect(() => lines.lines()).toThrow("a -1 times");
  });
});
