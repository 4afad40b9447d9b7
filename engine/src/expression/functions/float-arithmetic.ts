import { declined, divisionByZero, EvaluationError, EvaluationState, outOfRange } from "../evaluation-error.ts";
import { floatBucket } from "../numeric/width-bucket.ts";
import type { FunctionTable, ScalarImplementation } from "./scalar-function.ts";

const OVERFLOW = "value out of range: overflow";
const UNDERFLOW = "value out of range: underflow";

const RADIANS_PER_DEGREE = Math.PI / 180;

type Rounding = (value: number) => number;
const toDouble: Rounding = (value) => value;

/**
 * A NaN made of numbers has a sign bit that depends on the processor; clients that read binary would
 * see it, so it is left to PostgreSQL.
 */
function nanChecked(result: number, a: number, b: number): number {
  if (Number.isNaN(result) && !Number.isNaN(a) && !Number.isNaN(b))
    throw declined("a float operation without a result");
  return result;
}

function isInfinite(value: number): boolean {
  return value === Infinity || value === -Infinity;
}

/** Checks the sum or difference of a and b. */
function sumChecked(result: number, a: number, b: number): number {
  if (isInfinite(result) && !isInfinite(a) && !isInfinite(b)) throw outOfRange(OVERFLOW);
  return nanChecked(result, a, b);
}

function multiply(a: number, b: number, round: Rounding): number {
  const product = round(a * b);
  if (isInfinite(product) && !isInfinite(a) && !isInfinite(b)) throw outOfRange(OVERFLOW);
  if (product === 0 && a !== 0 && b !== 0) throw outOfRange(UNDERFLOW);
  return nanChecked(product, a, b);
}

function divide(a: number, b: number, round: Rounding): number {
  if (b === 0 && !Number.isNaN(a)) throw divisionByZero();
  const quotient = round(a / b);
  if (isInfinite(quotient) && !isInfinite(a)) throw outOfRange(OVERFLOW);
  if (quotient === 0 && a !== 0 && !isInfinite(b)) throw outOfRange(UNDERFLOW);
  return nanChecked(quotient, a, b);
}

/** Rounding a double's + - * / to single once more gives the single's own result: 53 >= 2 * 24 + 2. */
function floatFour(prefix: string, round: Rounding): FunctionTable {
  return {
    [`${prefix}pl`]: (a: number, b: number) => sumChecked(round(a + b), a, b),
    [`${prefix}mi`]: (a: number, b: number) => sumChecked(round(a - b), a, b),
    [`${prefix}mul`]: (a: number, b: number) => multiply(a, b, round),
    [`${prefix}div`]: (a: number, b: number) => divide(a, b, round),
  };
}

/** A product of double precision, checked as PostgreSQL checks it. */
export function floatProduct(a: number, b: number): number {
  return multiply(a, b, (value) => value);
}

/** To the nearest integer, halves to even (C's rint). */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const above = value - floor;
  if (above < 0.5) return keepSign(floor, value);
  if (above > 0.5) return keepSign(floor + 1, value);
  return keepSign(floor % 2 === 0 ? floor : floor + 1, value);
}

function keepSign(result: number, value: number): number {
  return result === 0 && (value < 0 || Object.is(value, -0)) ? -0 : result;
}

/** Unary functions of numbers; a NaN stays what it is. */
function ofNumber(evaluate: (value: number) => number): ScalarImplementation {
  return (value: number) => (Number.isNaN(value) ? NaN : evaluate(value));
}

function negate(value: number): number {
  if (Number.isNaN(value)) throw declined("the negation of NaN");
  return -value;
}

function squareRoot(value: number): number {
  if (value < 0) {
    throw new EvaluationError(
      EvaluationState.invalidArgumentForPowerFunction,
      "cannot take square root of a negative number",
    );
  }
  return Math.sqrt(value);
}

export const FLOAT_ARITHMETIC: FunctionTable = {
  ...floatFour("float4", Math.fround),
  ...floatFour("float8", toDouble),
  ...floatFour("float48", toDouble),
  ...floatFour("float84", toDouble),
  float4um: negate,
  float8um: negate,
  float4up: ofNumber(toDouble),
  float8up: ofNumber(toDouble),
  float4abs: ofNumber(Math.abs),
  float8abs: ofNumber(Math.abs),
  dround: ofNumber((value) => (isInfinite(value) ? value : roundHalfEven(value))),
  dceil: ofNumber(Math.ceil),
  dfloor: ofNumber(Math.floor),
  dtrunc: ofNumber(Math.trunc),
  dsign: (value: number) => (value > 0 ? 1 : value < 0 ? -1 : 0),
  dsqrt: ofNumber(squareRoot),
  // The functions of C's mathematical library round their last bit each in its own way: left to PostgreSQL.
  dpi: () => Math.PI,
  degrees: (value: number) => divide(value, RADIANS_PER_DEGREE, toDouble),
  radians: (value: number) => multiply(value, RADIANS_PER_DEGREE, toDouble),
  width_bucket_float8: floatBucket,
};
