import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuzzTargets } from "./targets.ts";

describe.each(fuzzTargets)("hostile input: $name", ({ property }) => {
  it("brings an answer or a protocol violation", () => {
    expect(fc.check(property, { numRuns: 300 }).failed).toBe(false);
  });
});
