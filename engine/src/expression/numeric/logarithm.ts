import { powerOfTen } from "@freshet/values";

/**
 * Natural logarithm and exponential in fixed-point decimal arithmetic: an integer stands for itself times
 * 10^-digits. Results err by a few units of the last digit; callers ask for more digits than they round to.
 */

const CACHE_LIMIT = 64;
const constants = new Map<number, { readonly ln2: bigint; readonly ln10: bigint }>();

/** 2 atanh(numerator / denominator), which is ln((denominator + numerator) / (denominator - numerator)). */
function twiceAtanh(numerator: bigint, denominator: bigint, one: bigint): bigint {
  const z = (numerator * one) / denominator;
  const square = (z * z) / one;
  let power = z;
  let sum = z;
  for (let divisor = 3n; power !== 0n; divisor += 2n) {
    power = (power * square) / one;
    sum += power / divisor;
  }
  return 2n * sum;
}

function logarithmConstants(digits: number): { readonly ln2: bigint; readonly ln10: bigint } {
  let found = constants.get(digits);
  if (found === undefined) {
    const one = powerOfTen(digits);
    const ln2 = twiceAtanh(1n, 3n, one);
    found = { ln2, ln10: 3n * ln2 + twiceAtanh(1n, 9n, one) };
    if (constants.size >= CACHE_LIMIT) constants.clear();
    constants.set(digits, found);
  }
  return found;
}

/** Steps in which working precision grows, so that constants are found again. */
const PRECISION_STEP = 32;

function precision(digits: number): number {
  return Math.ceil(digits / PRECISION_STEP) * PRECISION_STEP;
}

/** ln(unscaled * 10^-scale) for a positive number, at `digits` digits. */
export function fixedLogarithm(unscaled: bigint, scale: number, digits: number): bigint {
  const length = unscaled.toString().length;
  const tens = length - 1 - scale;
  const work = precision(Math.max(digits, length) + 12);
  const one = powerOfTen(work);
  const { ln2, ln10 } = logarithmConstants(work);
  // Into [1, 10), then by halving into [3/4, 3/2).
  let fraction = unscaled * powerOfTen(work - length + 1);
  let twos = 0n;
  while (fraction * 2n >= one * 3n) {
    fraction = (fraction + 1n) / 2n;
    twos++;
  }
  const result = BigInt(tens) * ln10 + twos * ln2 + twiceAtanh(fraction - one, fraction + one, one);
  return result / powerOfTen(work - digits);
}

const HALVINGS = 8n;

/**
 * e^(unscaled * 10^-scale) at `digits` digits, which may be negative (then the result is in units of a power
 * of ten). Undefined when the result has no digit at that precision.
 */
export function fixedExponential(unscaled: bigint, scale: number, digits: number): bigint | undefined {
  const magnitude = Number(`${unscaled}e-${scale}`) / Math.LN10;
  const significant = digits + Math.ceil(magnitude) + 2;
  if (significant < 0) return undefined;
  const work = precision(significant + 20);
  const one = powerOfTen(work);
  const { ln10 } = logarithmConstants(work);
  const exponent = scale <= work ? unscaled * powerOfTen(work - scale) : unscaled / powerOfTen(scale - work);
  let tens = exponent / ln10;
  let rest = exponent - tens * ln10;
  if (rest < 0n) {
    rest += ln10;
    tens -= 1n;
  }
  const power = squareRepeatedly(taylor(rest >> HALVINGS, one), one);
  const shift = digits + Number(tens) - work;
  return shift >= 0 ? power * powerOfTen(shift) : power / powerOfTen(-shift);
}

function taylor(x: bigint, one: bigint): bigint {
  let term = one;
  let sum = one;
  for (let index = 1n; term !== 0n; index++) {
    term = (term * x) / (one * index);
    sum += term;
  }
  return sum;
}

function squareRepeatedly(value: bigint, one: bigint): bigint {
  let result = value;
  for (let count = 0n; count < HALVINGS; count++) result = (result * result) / one;
  return result;
}
