import {
  DECIMAL_INFINITY,
  DECIMAL_NAN,
  DECIMAL_NEGATIVE_INFINITY,
  finiteDecimal,
  MAX_DISPLAY_SCALE,
  MAX_INTEGER_DIGITS,
  powerOfTen,
} from "@freshet/values";
import type { Decimal } from "@freshet/values";
import { divisionByZero, outOfRange } from "../evaluation-error.ts";
import { absolute, DECIMAL_ZERO, digitCount, divideRounded, infinityOf, signOf, unscaledAt } from "./decimal.ts";
import { roundTo } from "./rounding.ts";

/** NUMERIC_MAX_DISPLAY_SCALE and NUMERIC_MIN_SIG_DIGITS of PostgreSQL's division. */
const MAX_QUOTIENT_SCALE = 1000;
const MIN_QUOTIENT_DIGITS = 16;
const BASE_DIGITS = 4;

function isFinite2(a: Decimal, b: Decimal): boolean {
  return a.kind === "finite" && b.kind === "finite";
}

/** Refuses what PostgreSQL's numeric cannot hold. */
export function checkedDecimal(value: Decimal): Decimal {
  // 2^435000 is below 10^131072: only giants need their digits counted.
  if (value.unscaled >> 430_000n === 0n || value.unscaled >> 430_000n === -1n) return value;
  if (digitCount(value.unscaled) - value.scale > MAX_INTEGER_DIGITS) throw outOfRange("value overflows numeric format");
  return value;
}

export function addDecimals(a: Decimal, b: Decimal): Decimal {
  if (isFinite2(a, b)) {
    const scale = Math.max(a.scale, b.scale);
    return checkedDecimal(finiteDecimal(unscaledAt(a, scale) + unscaledAt(b, scale), scale));
  }
  if (a.kind === "nan" || b.kind === "nan") return DECIMAL_NAN;
  if (a.kind === "finite") return b;
  if (b.kind === "finite") return a;
  return a.kind === b.kind ? a : DECIMAL_NAN;
}

export function negateDecimal(value: Decimal): Decimal {
  switch (value.kind) {
    case "finite":
      return finiteDecimal(-value.unscaled, value.scale);
    case "nan":
      return value;
    case "infinity":
      return DECIMAL_NEGATIVE_INFINITY;
    case "-infinity":
      return DECIMAL_INFINITY;
  }
}

export function subtractDecimals(a: Decimal, b: Decimal): Decimal {
  return addDecimals(a, negateDecimal(b));
}

export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  if (isFinite2(a, b)) {
    const product = finiteDecimal(a.unscaled * b.unscaled, a.scale + b.scale);
    return checkedDecimal(product.scale > MAX_DISPLAY_SCALE ? roundTo(product, MAX_DISPLAY_SCALE) : product);
  }
  if (a.kind === "nan" || b.kind === "nan") return DECIMAL_NAN;
  const sign = signOf(a) * signOf(b);
  return sign === 0 ? DECIMAL_NAN : infinityOf(sign);
}

/** Weight and value of the first base-10000 digit; both 0 for zero. */
function leadingDigit(value: Decimal): { readonly weight: number; readonly digit: number } {
  if (value.unscaled === 0n) return { weight: 0, digit: 0 };
  const digits = absolute(value.unscaled).toString();
  const exponent = digits.length - value.scale - 1;
  const weight = Math.floor(exponent / BASE_DIGITS);
  const width = exponent - weight * BASE_DIGITS + 1;
  return { weight, digit: Number(digits.slice(0, width).padEnd(width, "0")) };
}

/** PostgreSQL's select_div_scale: at least 16 significant digits, and no fewer than either input shows. */
export function quotientScale(a: Decimal, b: Decimal): number {
  const first = leadingDigit(a);
  const second = leadingDigit(b);
  const weight = first.weight - second.weight - (first.digit <= second.digit ? 1 : 0);
  const scale = Math.max(MIN_QUOTIENT_DIGITS - weight * BASE_DIGITS, a.scale, b.scale, 0);
  return Math.min(scale, MAX_QUOTIENT_SCALE);
}

/** a / b at `scale`, both finite, b not zero. */
function quotientAt(a: Decimal, b: Decimal, scale: number): Decimal {
  const shift = scale + b.scale - a.scale;
  if (shift >= 0) return finiteDecimal(divideRounded(a.unscaled * powerOfTen(shift), b.unscaled), scale);
  return finiteDecimal(divideRounded(a.unscaled, b.unscaled * powerOfTen(-shift)), scale);
}

/** Quotients with a NaN or an infinity. */
function specialQuotient(a: Decimal, b: Decimal): Decimal {
  if (a.kind === "nan" || b.kind === "nan") return DECIMAL_NAN;
  if (a.kind === "finite") return DECIMAL_ZERO;
  if (b.kind !== "finite") return DECIMAL_NAN;
  const sign = signOf(b);
  if (sign === 0) throw divisionByZero();
  return infinityOf(signOf(a) * sign);
}

export function divideDecimals(a: Decimal, b: Decimal): Decimal {
  if (!isFinite2(a, b)) return specialQuotient(a, b);
  if (b.unscaled === 0n) throw divisionByZero();
  return checkedDecimal(quotientAt(a, b, quotientScale(a, b)));
}

/** `div(a, b)`: the quotient truncated to an integer. */
export function divideTruncated(a: Decimal, b: Decimal): Decimal {
  if (!isFinite2(a, b)) return specialQuotient(a, b);
  if (b.unscaled === 0n) throw divisionByZero();
  const scale = Math.max(a.scale, b.scale);
  return checkedDecimal(finiteDecimal(unscaledAt(a, scale) / unscaledAt(b, scale), 0));
}

/** The remainder has the dividend's sign. */
export function remainderOfDecimals(a: Decimal, b: Decimal): Decimal {
  if (isFinite2(a, b)) {
    if (b.unscaled === 0n) throw divisionByZero();
    const scale = Math.max(a.scale, b.scale);
    return finiteDecimal(unscaledAt(a, scale) % unscaledAt(b, scale), scale);
  }
  if (a.kind === "nan" || b.kind === "nan") return DECIMAL_NAN;
  if (a.kind === "finite") return a;
  if (signOf(b) === 0) throw divisionByZero();
  return DECIMAL_NAN;
}

export function absoluteDecimal(value: Decimal): Decimal {
  return signOf(value) < 0 ? negateDecimal(value) : value;
}
