import {
  compareDecimal,
  DECIMAL_INFINITY,
  DECIMAL_NAN,
  DECIMAL_NEGATIVE_INFINITY,
  finiteDecimal,
} from "@freshet/values";
import { powerOfTen } from "@freshet/values";
import type { Decimal } from "@freshet/values";
import { declined, divisionByZero, EvaluationError, EvaluationState, outOfRange } from "../evaluation-error.ts";
import { absoluteDecimal, multiplyDecimals, negateDecimal } from "./arithmetic.ts";
import { absolute, DECIMAL_ZERO, digitCount, signOf } from "./decimal.ts";
import { approximate, isIntegral, storedDigits } from "./digits.ts";
import { roundTo } from "./rounding.ts";
import {
  exponentialAt,
  GUARD_DIGITS,
  logarithmAt,
  logarithmWeight,
  MAX_SCALE,
  MIN_SIGNIFICANT_DIGITS,
  resultScale,
  ROUGH_LOG10_E,
  roundGuarded,
  surelyTruncated,
} from "./transcendental.ts";

const ONE = finiteDecimal(1n, 0);
const MINUS_ONE = finiteDecimal(-1n, 0);
const MAX_RESULT_SCALE = 2000;
const MAX_WEIGHT_DIGITS = 131_072;
const INT4_MAX = 0x7fff_ffffn;
/** A power with more digits than this is left to PostgreSQL. */
const MAX_POWER_DIGITS = 20_000;

function powerError(message: string): EvaluationError {
  return new EvaluationError(EvaluationState.invalidArgumentForPowerFunction, message);
}

/** `power(numeric, numeric)`. */
export function power(base: Decimal, exponent: Decimal): Decimal {
  if (base.kind === "nan") return exponent.kind === "finite" && exponent.unscaled === 0n ? ONE : DECIMAL_NAN;
  if (exponent.kind === "nan") return base.kind === "finite" && compareDecimal(base, ONE) === 0 ? ONE : DECIMAL_NAN;
  if (signOf(base) === 0 && signOf(exponent) < 0) throw powerError("zero raised to a negative power is undefined");
  if (signOf(base) < 0 && exponent.kind === "finite" && !isIntegral(exponent)) {
    throw powerError("a negative number raised to a non-integer power yields a complex result");
  }
  if (base.kind !== "finite" || exponent.kind !== "finite") return infinitePower(base, exponent);
  if (isIntegral(exponent)) {
    const integer = exponent.unscaled / powerOfTen(exponent.scale);
    if (integer >= -INT4_MAX - 1n && integer <= INT4_MAX) return integerPower(base, Number(integer), exponent.scale);
  }
  return realPower(base, exponent);
}

/** With an infinity on at least one side: the rules of POSIX's pow(). */
function infinitePower(base: Decimal, exponent: Decimal): Decimal {
  if (compareDecimal(base, ONE) === 0 || signOf(exponent) === 0) return ONE;
  if (signOf(base) === 0) return DECIMAL_ZERO;
  const grows = signOf(exponent) > 0;
  if (exponent.kind !== "finite") {
    if (compareDecimal(base, MINUS_ONE) === 0) return ONE;
    const large = base.kind !== "finite" || compareDecimal(absoluteDecimal(base), ONE) > 0;
    return large === grows ? DECIMAL_INFINITY : DECIMAL_ZERO;
  }
  if (!grows) return DECIMAL_ZERO;
  if (base.kind === "infinity") return DECIMAL_INFINITY;
  return isOdd(exponent) ? DECIMAL_NEGATIVE_INFINITY : DECIMAL_INFINITY;
}

function isOdd(integral: Decimal): boolean {
  return (integral.unscaled / powerOfTen(integral.scale)) % 2n !== 0n;
}

/** The power of ten that base^exponent is about, in double arithmetic as PostgreSQL estimates it. */
function powerWeight(base: Decimal, exponent: number): number {
  const { weight, digits } = storedDigits(base, 4);
  if (digits.length === 0) return 0;
  let leading = 0;
  for (const digit of digits) leading = leading * 10_000 + digit;
  return exponent * (Math.log10(leading) + (weight - digits.length + 1) * 4);
}

function integerPower(base: Decimal, exponent: number, exponentScale: number): Decimal {
  const weight = powerWeight(base, exponent);
  if (weight > MAX_WEIGHT_DIGITS) throw outOfRange("value overflows numeric format");
  if (weight + 1 < -MAX_SCALE) return finiteDecimal(0n, MAX_SCALE);
  const scale = resultScale(Math.trunc(surelyTruncated(weight)), base, finiteDecimal(0n, exponentScale));
  if (exponent === 0) return finiteDecimal(powerOfTen(scale), scale);
  if (exponent === 1) return roundTo(base, scale);
  if (base.unscaled === 0n) {
    if (exponent < 0) throw divisionByZero();
    return finiteDecimal(0n, scale);
  }
  const count = Math.abs(exponent);
  if (digitCount(base.unscaled) * count > MAX_POWER_DIGITS) return largePower(base, exponent, scale);
  const product = base.unscaled ** BigInt(count);
  const productScale = base.scale * count;
  if (exponent > 0 && productScale <= scale) return roundTo(finiteDecimal(product, productScale), scale);
  const digits = scale + GUARD_DIGITS;
  const value = exponent > 0 ? scaled(product, digits - productScale) : scaledInverse(product, digits + productScale);
  return finiteDecimal(roundGuarded(value, 1e-5), scale);
}

/** The power of a number so near one, or of so many digits, that its exact digits would be too many. */
function largePower(base: Decimal, exponent: number, scale: number): Decimal {
  if (absolute(base.unscaled) === powerOfTen(base.scale)) {
    return finiteDecimal((exponent % 2 !== 0 && base.unscaled < 0n ? -1n : 1n) * powerOfTen(scale), scale);
  }
  throw declined("a power of very many digits");
}

function scaled(value: bigint, shift: number): bigint {
  return shift >= 0 ? value * powerOfTen(shift) : value / powerOfTen(-shift);
}

function scaledInverse(value: bigint, shift: number): bigint {
  return shift >= 0 ? powerOfTen(shift) / value : 0n;
}

/** e^(exponent * ln(base)), with PostgreSQL's two passes: the first only to learn the result's size. */
function realPower(base: Decimal, exponent: Decimal): Decimal {
  if (base.unscaled === 0n) return finiteDecimal(0n, MIN_SIGNIFICANT_DIGITS);
  const negative = base.unscaled < 0n && isOdd(exponent);
  const magnitude = absoluteDecimal(base);
  const weight = logarithmWeight(magnitude);
  const roughScale = Math.max(8 - weight, 0);
  const rough = approximate(productAt(logarithmAt(magnitude, roughScale), exponent, roughScale));
  if (Math.abs(rough) > MAX_RESULT_SCALE * 3.01) {
    if (rough > 0) throw outOfRange("value overflows numeric format");
    return finiteDecimal(0n, MAX_SCALE);
  }
  const resultWeight = Math.trunc(rough * ROUGH_LOG10_E);
  const scale = resultScale(resultWeight, base, exponent);
  const localScale = Math.max(Math.max(scale + resultWeight, 0) - weight + 8, 0);
  const product = productAt(logarithmAt(magnitude, localScale), exponent, localScale);
  const result = exponentialAt(product, scale, 1e-5 * (1 + Math.abs(rough)));
  return negative && result.unscaled !== 0n ? negateDecimal(result) : result;
}

function productAt(a: Decimal, b: Decimal, scale: number): Decimal {
  return roundTo(multiplyDecimals(a, b), scale);
}
