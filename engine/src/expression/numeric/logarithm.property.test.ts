import fc from "fast-check";
import { expect, test } from "vitest";
import { fixedExponential, fixedLogarithm } from "./logarithm.ts";

const DIGITS = 40;
const ONE = 10n ** BigInt(DIGITS);

function distance(a: bigint, b: bigint): bigint {
  return a > b ? a - b : b - a;
}

test("the exponential of a logarithm is the number again", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 20n }), fc.integer({ min: 0, max: 20 }), (unscaled, scale) => {
      const logarithm = fixedLogarithm(unscaled, scale, DIGITS);
      const again = fixedExponential(logarithm, DIGITS, 30) ?? 0n;
      const exact = unscaled * 10n ** BigInt(30 - scale);
      // Thirty digits behind the point; the logarithm's last digit weighs as much as the number is large.
      expect(distance(again, exact)).toBeLessThanOrEqual(exact / 10n ** 36n + 10n);
    }),
  );
});

test("logarithms of products are sums, and agree with the processor's", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 12n }), fc.bigInt({ min: 1n, max: 10n ** 12n }), (a, b) => {
      const sum = fixedLogarithm(a, 0, DIGITS) + fixedLogarithm(b, 0, DIGITS);
      expect(distance(fixedLogarithm(a * b, 0, DIGITS), sum)).toBeLessThanOrEqual(1000n);
      expect(Number(fixedLogarithm(a, 0, DIGITS)) / Number(ONE)).toBeCloseTo(Math.log(Number(a)), 10);
    }),
  );
});
