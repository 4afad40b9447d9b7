import { expect, test } from "vitest";
import { type ReadinessParts, whatIsMissing } from "./readiness.ts";

const READY: ReadinessParts = {
  failure: null,
  health: { problem: () => null, suspended: false },
  caches: [
    { name: "a", phase: "ready", reason: null },
    { name: "b", phase: "failed", reason: "it is refused now" },
  ],
  fronts: { attached: 1, wanted: 1 },
  behindBytes: 10,
  batchBytes: 10,
};

test.each<readonly [Partial<ReadinessParts>, string | null]>([
  [{}, null],
  [{ failure: "the store is broken" }, "the store is broken"],
  [{ health: { problem: () => "connecting", suspended: true } }, "replication: connecting"],
  [{ health: { problem: () => null, suspended: true } }, "a schema change is being looked into"],
  [{ caches: [{ name: "a", phase: "building", reason: null }] }, "cache a: building"],
  [{ caches: [{ name: "a", phase: "waiting", reason: "its table changed" }] }, "cache a: waiting, its table changed"],
  [{ fronts: { attached: 0, wanted: 1 } }, "1 of 2 fronts serve clients"],
  [{ behindBytes: 11 }, "11 bytes of WAL behind"],
])("with %j it says what is missing", (difference, missing) => {
  expect(whatIsMissing({ ...READY, ...difference })).toBe(missing);
});
