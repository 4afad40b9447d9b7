import { environment } from "@freshet/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { DOUBLE, roundRatio, SINGLE } from "./binary-fraction.ts";

const RUNS = { numRuns: 300 * Number(environment()["FC_RUNS_MULTIPLIER"] ?? 1) };
const exact = fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 });

test("quotients of exact numbers round as the processor's division does", () => {
  fc.assert(
    fc.property(exact, fc.integer({ min: 1, max: 2 ** 53 - 1 }), (a, b) => {
      expect(roundRatio(BigInt(a), BigInt(b), 0, DOUBLE)).toBe(a === 0 ? 0 : a / b);
    }),
    RUNS,
  );
});

test("scaled numbers round as multiplication by a power of two does, also below the normal range", () => {
  fc.assert(
    fc.property(exact, fc.integer({ min: -1074, max: 971 }), (mantissa, exponent) => {
      fc.pre(mantissa !== 0);
      expect(roundRatio(BigInt(mantissa), 1n, exponent, DOUBLE)).toBe(mantissa * 2 ** exponent);
    }),
    RUNS,
  );
});

test("doubles round to singles as Math.fround does", () => {
  fc.assert(
    fc.property(exact, fc.integer({ min: -200, max: 80 }), (mantissa, exponent) => {
      fc.pre(mantissa !== 0);
      expect(roundRatio(BigInt(mantissa), 1n, exponent, SINGLE)).toBe(Math.fround(mantissa * 2 ** exponent));
    }),
    RUNS,
  );
});

test("integers of any size round as Number() does", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 2n ** 1030n }), (value) => {
      expect(roundRatio(value, 1n, 0, DOUBLE)).toBe(Number(value));
    }),
    RUNS,
  );
});
