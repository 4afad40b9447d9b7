/** An IEEE format: significant bits, and the exponents of its smallest and largest unit. */
export interface FloatFormat {
  readonly bits: number;
  readonly minExponent: number;
  readonly maxExponent: number;
}

export const DOUBLE: FloatFormat = { bits: 53, minExponent: -1074, maxExponent: 971 };
export const SINGLE: FloatFormat = { bits: 24, minExponent: -149, maxExponent: 104 };

function bitLength(value: bigint): number {
  const digits = value.toString(16);
  return digits.length * 4 - (Math.clz32(Number.parseInt(digits.charAt(0), 16)) - 28);
}

/** The largest k with 2^k <= numerator / denominator; both positive. */
function binaryOrder(numerator: bigint, denominator: bigint): number {
  const order = bitLength(numerator) - bitLength(denominator);
  const reached = order >= 0 ? numerator >= denominator << BigInt(order) : numerator << BigInt(-order) >= denominator;
  return reached ? order : order - 1;
}

/**
 * numerator / denominator * 2^exponent, rounded once to the nearest number of the format, halves to
 * even; infinite when it overflows. The denominator is positive.
 */
export function roundRatio(numerator: bigint, denominator: bigint, exponent: number, format: FloatFormat): number {
  if (numerator === 0n) return 0;
  const magnitude = numerator < 0n ? -numerator : numerator;
  const unit = Math.max(binaryOrder(magnitude, denominator) + exponent + 1 - format.bits, format.minExponent);
  const shift = exponent - unit;
  const dividend = shift > 0 ? magnitude << BigInt(shift) : magnitude;
  const divisor = shift < 0 ? denominator << BigInt(-shift) : denominator;
  const rounded = divideHalfEven(dividend, divisor);
  const result = scale(rounded, unit, format);
  return numerator < 0n ? -result : result;
}

function divideHalfEven(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const twice = (dividend % divisor) * 2n;
  const up = twice > divisor || (twice === divisor && (quotient & 1n) === 1n);
  return up ? quotient + 1n : quotient;
}

/** mantissa * 2^unit, which the format holds unless it is too large. */
function scale(mantissa: bigint, unit: number, format: FloatFormat): number {
  const limit = 1n << BigInt(format.bits);
  if (unit > format.maxExponent || (unit === format.maxExponent && mantissa >= limit)) return Infinity;
  return Number(mantissa) * 2 ** unit;
}
