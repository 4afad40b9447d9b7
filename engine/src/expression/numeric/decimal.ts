import { DECIMAL_INFINITY, DECIMAL_NEGATIVE_INFINITY, finiteDecimal, powerOfTen } from "@freshet/values";
import type { Decimal } from "@freshet/values";

export const DECIMAL_ZERO: Decimal = finiteDecimal(0n, 0);

export function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** Decimal digits of |value|; 0 for zero. */
export function digitCount(value: bigint): number {
  return value === 0n ? 0 : absolute(value).toString().length;
}

/** numerator / denominator rounded half away from zero, as PostgreSQL rounds numerics. */
export function divideRounded(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n !== denominator < 0n;
  const divisor = absolute(denominator);
  const quotient = (absolute(numerator) * 2n + divisor) / (divisor * 2n);
  return negative ? -quotient : quotient;
}

/** The unscaled value of a finite decimal at `scale`, which is not below its own. */
export function unscaledAt(value: Decimal, scale: number): bigint {
  return scale === value.scale ? value.unscaled : value.unscaled * powerOfTen(scale - value.scale);
}

/** -1, 0 or 1; of a special value the sign of the infinity, 0 for NaN. */
export function signOf(value: Decimal): number {
  switch (value.kind) {
    case "infinity":
      return 1;
    case "-infinity":
      return -1;
    case "nan":
      return 0;
    case "finite":
      return value.unscaled === 0n ? 0 : value.unscaled < 0n ? -1 : 1;
  }
}

/** The infinity with the sign of `sign`, which is not 0. */
export function infinityOf(sign: number): Decimal {
  return sign > 0 ? DECIMAL_INFINITY : DECIMAL_NEGATIVE_INFINITY;
}
