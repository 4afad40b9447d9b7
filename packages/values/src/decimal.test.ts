import { expect, test } from "vitest";
import {
  compareDecimal,
  DECIMAL_INFINITY,
  DECIMAL_NAN,
  DECIMAL_NEGATIVE_INFINITY,
  finiteDecimal,
  formatDecimal,
  normalizeDecimal,
  parseDecimal,
  rescaleDecimal,
} from "./decimal.ts";

test.each([
  ["0", 0n, 0],
  ["-0.00", 0n, 2],
  ["1.50", 150n, 2],
  [".5", 5n, 1],
  ["5.", 5n, 0],
  ["+12e3", 12_000n, 0],
  ["1.5e1", 15n, 0],
  ["1.50e1", 150n, 1],
  ["1e-5", 1n, 5],
  ["-1.2E-3", -12n, 4],
])("%s parses to %d with scale %d", (text, unscaled, scale) => {
  expect(parseDecimal(text)).toEqual(finiteDecimal(unscaled, scale));
});

test.each(["", ".", "1e", "1_000", "0x10", " 1", "1 ", "1e200000", "1e-20000", "--1", "infinit"])(
  "%j is not understood",
  (text) => {
    expect(parseDecimal(text)).toBeUndefined();
  },
);

test("formatting shows every digit of the scale", () => {
  expect(formatDecimal(finiteDecimal(-5n, 3))).toBe("-0.005");
  expect(formatDecimal(finiteDecimal(0n, 2))).toBe("0.00");
  expect(formatDecimal(finiteDecimal(12_345n, 0))).toBe("12345");
  expect(formatDecimal(DECIMAL_NEGATIVE_INFINITY)).toBe("-Infinity");
  expect(formatDecimal(DECIMAL_NAN)).toBe("NaN");
});

test("order: -Infinity, numbers by value whatever their scale, Infinity, NaN", () => {
  const ordered = [
    DECIMAL_NEGATIVE_INFINITY,
    finiteDecimal(-1n, 0),
    finiteDecimal(-99n, 2),
    DECIMAL_INFINITY,
    DECIMAL_NAN,
  ];
  ordered.forEach((left, i) => {
    ordered.forEach((right, j) => expect(Math.sign(compareDecimal(left, right))).toBe(Math.sign(i - j)));
  });
  expect(compareDecimal(finiteDecimal(10n, 1), finiteDecimal(100n, 2))).toBe(0);
});

test("normalizing drops trailing zeros of the fraction only", () => {
  expect(normalizeDecimal(finiteDecimal(1500n, 3))).toEqual(finiteDecimal(15n, 1));
  expect(normalizeDecimal(finiteDecimal(1500n, 0))).toEqual(finiteDecimal(1500n, 0));
  expect(normalizeDecimal(DECIMAL_INFINITY)).toBe(DECIMAL_INFINITY);
});

test("rescaling rounds half away from zero", () => {
  expect(rescaleDecimal(finiteDecimal(25n, 1), 0)).toEqual(finiteDecimal(3n, 0));
  expect(rescaleDecimal(finiteDecimal(-25n, 1), 0)).toEqual(finiteDecimal(-3n, 0));
  expect(rescaleDecimal(finiteDecimal(249n, 2), 0)).toEqual(finiteDecimal(2n, 0));
  expect(rescaleDecimal(finiteDecimal(2n, 0), 2)).toEqual(finiteDecimal(200n, 2));
});
