import { finiteDecimal } from "@freshet/values";
import type { Decimal } from "@freshet/values";
import {
  absoluteDecimal,
  addDecimals,
  divideDecimals,
  divideTruncated,
  multiplyDecimals,
  negateDecimal,
  remainderOfDecimals,
  subtractDecimals,
} from "../numeric/arithmetic.ts";
import { signOf } from "../numeric/decimal.ts";
import { decimalGcd, decimalLcm, factorial } from "../numeric/integers.ts";
import { power } from "../numeric/power.ts";
import { exponential, logarithm, naturalLogarithm, squareRoot } from "../numeric/transcendental.ts";
import { decimalBucket } from "../numeric/width-bucket.ts";
import {
  applyTypmod,
  ceilDecimal,
  floorDecimal,
  minimumScale,
  roundDecimal,
  trimScale,
  truncateDecimal,
} from "../numeric/rounding.ts";
import type { FunctionTable } from "./scalar-function.ts";

const ONE = finiteDecimal(1n, 0);
const TEN = finiteDecimal(10n, 0);

/** `log(numeric)`, of base 10. */
export function decimalLogarithm(value: Decimal): Decimal {
  return logarithm(TEN, value);
}

export const NUMERIC_FUNCTIONS: FunctionTable = {
  numeric_add: addDecimals,
  numeric_sub: subtractDecimals,
  numeric_mul: multiplyDecimals,
  numeric_div: divideDecimals,
  numeric_div_trunc: divideTruncated,
  numeric_mod: remainderOfDecimals,
  numeric_abs: absoluteDecimal,
  numeric_uminus: negateDecimal,
  numeric_uplus: (value: Decimal) => value,
  numeric_inc: (value: Decimal) => addDecimals(value, ONE),
  numeric_sign: (value: Decimal) => (value.kind === "nan" ? value : finiteDecimal(BigInt(signOf(value)), 0)),
  numeric_ceil: ceilDecimal,
  numeric_floor: floorDecimal,
  numeric_round: roundDecimal,
  numeric_trunc: truncateDecimal,
  numeric_scale: (value: Decimal) => (value.kind === "finite" ? value.scale : null),
  numeric_min_scale: (value: Decimal) => (value.kind === "finite" ? minimumScale(value) : null),
  numeric_trim_scale: trimScale,
  numeric: applyTypmod,
  numeric_sqrt: squareRoot,
  numeric_exp: exponential,
  numeric_ln: naturalLogarithm,
  numeric_log: logarithm,
  numeric_power: power,
  numeric_fac: factorial,
  numeric_gcd: decimalGcd,
  numeric_lcm: decimalLcm,
  width_bucket_numeric: decimalBucket,
};
