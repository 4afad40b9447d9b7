import { compareDecimal, DECIMAL_INFINITY, DECIMAL_NAN, finiteDecimal, powerOfTen } from "@freshet/values";
import type { Decimal } from "@freshet/values";
import { declined, divisionByZero, EvaluationError, EvaluationState, outOfRange } from "../evaluation-error.ts";
import { subtractDecimals } from "./arithmetic.ts";
import { absolute, DECIMAL_ZERO, signOf } from "./decimal.ts";
import { approximate, storedDigits } from "./digits.ts";
import { fixedExponential, fixedLogarithm } from "./logarithm.ts";

/*
 * PostgreSQL chooses the scale of a result by estimating its size, computes with at least eight digits more
 * and rounds. Here the digits come from an exact enough computation of another kind; where the two could round
 * differently, so near the middle of two results, the value is left to PostgreSQL.
 */

export const MIN_SIGNIFICANT_DIGITS = 16;
export const MAX_SCALE = 1000;
/** As many digits of log10(e) as PostgreSQL's estimates use, which must come out the same. */
export const ROUGH_LOG10_E: number = 434_294_481_903_252 / 1e15;
const MAX_RESULT_SCALE = 2000;
/** Digits computed beyond the result's scale. */
export const GUARD_DIGITS = 15;
const POINT_NINE = finiteDecimal(9n, 1);
const ONE_POINT_ONE = finiteDecimal(11n, 1);
const ONE = finiteDecimal(1n, 0);

function logarithmError(what: string): EvaluationError {
  return new EvaluationError(EvaluationState.invalidArgumentForLogarithm, `cannot take logarithm of ${what}`);
}

/** The scale for a result of about 10^weight: 16 significant digits, and no fewer than the arguments show. */
export function resultScale(weight: number, ...args: readonly Decimal[]): number {
  const scale = Math.max(MIN_SIGNIFICANT_DIGITS - weight, 0, ...args.map((arg) => arg.scale));
  return Math.min(scale, MAX_SCALE);
}

/** Rounds `value`, which has GUARD_DIGITS digits beyond the result; `doubt` is PostgreSQL's own error in units of the result. */
export function roundGuarded(value: bigint, doubt: number): bigint {
  const unit = powerOfTen(GUARD_DIGITS);
  const magnitude = absolute(value);
  const rest = Number(magnitude % unit) / Number(unit);
  if (Math.abs(rest - 0.5) <= doubt) throw declined("a result in the middle of two numbers");
  const rounded = magnitude / unit + (rest > 0.5 ? 1n : 0n);
  return value < 0n ? -rounded : rounded;
}

/** How far PostgreSQL's result may be from the exact one, in units of its last digit. */
const DOUBT = 1e-5;

/** The power of ten that ln(value) is about (estimate_ln_dweight). */
export function logarithmWeight(value: Decimal): number {
  if (value.unscaled <= 0n) return 0;
  if (compareDecimal(value, POINT_NINE) >= 0 && compareDecimal(value, ONE_POINT_ONE) <= 0) {
    const { weight, digits } = storedDigits(subtractDecimals(value, ONE), 1);
    return digits[0] === undefined ? 0 : weight * 4 + Math.floor(Math.log10(digits[0]));
  }
  const { weight, digits } = storedDigits(value, 2);
  const [first = 0, second] = digits;
  const logarithm =
    second === undefined
      ? Math.log(first) + weight * 4 * Math.LN10
      : Math.log(first * 10_000 + second) + (weight * 4 - 4) * Math.LN10;
  return Math.trunc(surelyTruncated(Math.log10(Math.abs(logarithm))));
}

/** A number that is to be truncated, unless its last bits decide to what. */
export function surelyTruncated(value: number): number {
  const nearest = Math.round(value);
  if (value !== nearest && Math.abs(value - nearest) < 1e-9) throw declined("a number too near a power of ten");
  return value;
}

/** ln(value) rounded to `scale`; value is finite. */
export function logarithmAt(value: Decimal, scale: number): Decimal {
  if (value.unscaled < 0n) throw logarithmError("a negative number");
  if (value.unscaled === 0n) throw logarithmError("zero");
  const digits = fixedLogarithm(value.unscaled, value.scale, scale + GUARD_DIGITS);
  return finiteDecimal(roundGuarded(digits, DOUBT), scale);
}

/** `ln(numeric)`. */
export function naturalLogarithm(value: Decimal): Decimal {
  if (value.kind === "-infinity") throw logarithmError("a negative number");
  if (value.kind !== "finite") return value;
  return logarithmAt(value, resultScale(logarithmWeight(value), value));
}

/** `log(base, value)`. */
export function logarithm(base: Decimal, value: Decimal): Decimal {
  if (base.kind !== "finite" || value.kind !== "finite") return specialLogarithm(base, value);
  const baseWeight = logarithmWeight(base);
  const valueWeight = logarithmWeight(value);
  const weight = valueWeight - baseWeight;
  const scale = resultScale(weight, base, value);
  const ofBase = logarithmAt(base, Math.max(scale + weight - baseWeight + 8, 0));
  const ofValue = logarithmAt(value, Math.max(scale + weight - valueWeight + 8, 0));
  if (ofBase.unscaled === 0n) throw divisionByZero();
  const shift = scale + GUARD_DIGITS + ofBase.scale - ofValue.scale;
  const [numerator, denominator] =
    shift >= 0
      ? [ofValue.unscaled * powerOfTen(shift), ofBase.unscaled]
      : [ofValue.unscaled, ofBase.unscaled * powerOfTen(-shift)];
  return finiteDecimal(roundGuarded(numerator / denominator, DOUBT), scale);
}

function specialLogarithm(base: Decimal, value: Decimal): Decimal {
  if (base.kind === "nan" || value.kind === "nan") return DECIMAL_NAN;
  if (signOf(base) < 0 || signOf(value) < 0) throw logarithmError("a negative number");
  if (signOf(base) === 0 || signOf(value) === 0) throw logarithmError("zero");
  if (base.kind === "infinity") return value.kind === "infinity" ? DECIMAL_NAN : DECIMAL_ZERO;
  return DECIMAL_INFINITY;
}

/** `exp(numeric)`. */
export function exponential(value: Decimal): Decimal {
  if (value.kind === "-infinity") return DECIMAL_ZERO;
  if (value.kind !== "finite") return value;
  const weight = Math.min(Math.max(approximate(value) * ROUGH_LOG10_E, -MAX_RESULT_SCALE), MAX_RESULT_SCALE);
  return exponentialAt(value, resultScale(Math.trunc(weight), value), DOUBT);
}

/** e^value rounded to `scale` (exp_var). */
export function exponentialAt(value: Decimal, scale: number, doubt: number): Decimal {
  const size = approximate(value);
  if (Math.abs(size) >= MAX_RESULT_SCALE * 3) {
    if (size > 0) throw outOfRange("value overflows numeric format");
    return finiteDecimal(0n, scale);
  }
  const digits = fixedExponential(value.unscaled, value.scale, scale + GUARD_DIGITS) ?? 0n;
  return finiteDecimal(roundGuarded(digits, doubt), scale);
}

/** `sqrt(numeric)`: the exact root, rounded. */
export function squareRoot(value: Decimal): Decimal {
  if (signOf(value) < 0) {
    throw new EvaluationError(
      EvaluationState.invalidArgumentForPowerFunction,
      "cannot take square root of a negative number",
    );
  }
  if (value.kind !== "finite") return value;
  const { weight } = storedDigits(value, 1);
  const scale = resultScale((weight + 1) * 2 - 1, value);
  return squareRootAt(value, scale);
}

/** The root of a finite value that is not negative, rounded to `scale` digits. */
export function squareRootAt(value: Decimal, scale: number): Decimal {
  // The root of value * 10^(2 scale), doubled, tells on which side of the middle it lies.
  const shift = 2 * scale - value.scale;
  const square = shift >= 0 ? value.unscaled * powerOfTen(shift) : value.unscaled / powerOfTen(-shift);
  return finiteDecimal((integerRoot(square * 4n) + 1n) / 2n, scale);
}

/** floor(sqrt(value)) by Newton's method. */
function integerRoot(value: bigint): bigint {
  if (value === 0n) return 0n;
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
