import { DECIMAL_NAN, finiteDecimal } from "@freshet/values";
import type { Decimal } from "@freshet/values";
import { declined, outOfRange } from "../evaluation-error.ts";
import { checkedDecimal } from "./arithmetic.ts";
import { absolute, unscaledAt } from "./decimal.ts";

/** 32178! has more digits than numeric holds; beyond the second limit the work is left to PostgreSQL. */
const FACTORIAL_OVERFLOW = 32_177n;
const FACTORIAL_LIMIT = 3000n;

/** `factorial(bigint)`. */
export function factorial(count: bigint): Decimal {
  if (count < 0n) throw outOfRange("factorial of a negative number is undefined");
  if (count > FACTORIAL_OVERFLOW) throw outOfRange("value overflows numeric format");
  if (count > FACTORIAL_LIMIT) throw declined("the factorial of a large number");
  let product = 1n;
  for (let factor = 2n; factor <= count; factor++) product *= factor;
  return finiteDecimal(product, 0);
}

function divisor(a: bigint, b: bigint): bigint {
  let [left, right] = [absolute(a), absolute(b)];
  while (right !== 0n) [left, right] = [right, left % right];
  return left;
}

/** `gcd(numeric, numeric)`: of the unscaled values at the larger scale. */
export function decimalGcd(a: Decimal, b: Decimal): Decimal {
  if (a.kind !== "finite" || b.kind !== "finite") return DECIMAL_NAN;
  const scale = Math.max(a.scale, b.scale);
  return finiteDecimal(divisor(unscaledAt(a, scale), unscaledAt(b, scale)), scale);
}

/** `lcm(numeric, numeric)`. */
export function decimalLcm(a: Decimal, b: Decimal): Decimal {
  if (a.kind !== "finite" || b.kind !== "finite") return DECIMAL_NAN;
  const scale = Math.max(a.scale, b.scale);
  const [left, right] = [unscaledAt(a, scale), unscaledAt(b, scale)];
  if (left === 0n || right === 0n) return finiteDecimal(0n, scale);
  return checkedDecimal(finiteDecimal(absolute((left / divisor(left, right)) * right), scale));
}
