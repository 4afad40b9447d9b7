import fc from "fast-check";
import { expect, test } from "vitest";
import { byKey, compareKeys, keyOrder } from "./compare-keys.ts";

const bytes = fc.array(fc.constantFrom(0, 1, 0xff), { maxLength: 60 }).map((values) => Buffer.from(values));

test("keys are ordered as Buffer.compare orders them", () => {
  const pairs = fc
    .tuple(bytes, bytes, bytes)
    .map(([common, a, b]) => [Buffer.concat([common, a]), Buffer.concat([common, b])]);
  fc.assert(
    fc.property(pairs, ([a = Buffer.alloc(0), b = Buffer.alloc(0)]) => {
      expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(a, b));
      const ordered = byKey({ key: a, order: keyOrder(a) }, { key: b, order: keyOrder(b) });
      expect(Math.sign(ordered)).toBe(Buffer.compare(a, b));
    }),
    { numRuns: 1000 },
  );
});
