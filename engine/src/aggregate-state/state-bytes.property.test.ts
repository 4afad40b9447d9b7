import fc from "fast-check";
import { expect, test } from "vitest";
import { StateReader, StateWriter } from "./state-bytes.ts";

const integers = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -200, max: 200 }), fc.bigInt());

test("what is written is read", () => {
  fc.assert(
    fc.property(fc.array(integers), (values) => {
      const out = new StateWriter();
      for (const value of values) out.integer(value);
      const source = new StateReader(out.take());
      for (const value of values) expect(typeof value === "number" ? source.number() : source.bigint()).toBe(value);
      expect(source.done).toBe(true);
    }),
  );
});

test("numbers and bigints have the same bytes, small ones few", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const out = new StateWriter();
      out.integer(value);
      const bytes = out.take();
      out.integer(BigInt(value));
      expect(out.take()).toEqual(bytes);
      expect(bytes.length === 1).toBe(value >= -64 && value < 64);
    }),
  );
});

test("a state that is cut short is noticed", () => {
  expect(() => new StateReader(Buffer.from([0x80])).number()).toThrow(/cut short/);
});
