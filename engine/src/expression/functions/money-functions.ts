import { declined, divisionByZero } from "../evaluation-error.ts";
import { roundHalfEven } from "./float-arithmetic.ts";
import type { FunctionTable } from "./scalar-function.ts";

const INT64_END = 1n << 63n;

/** Overflow is an error from version 18 on and wrapped around before: left to PostgreSQL. */
function cents(value: bigint): bigint {
  if (value >= INT64_END || value < -INT64_END) throw declined("an overflow of money");
  return value;
}

function fromFloat(value: number): bigint {
  if (!Number.isFinite(value)) throw declined("money times or by a number that is not finite");
  return cents(BigInt(roundHalfEven(value)));
}

function byInteger(money: bigint, divisor: number | bigint): bigint {
  if (BigInt(divisor) === 0n) throw divisionByZero();
  return cents(money / BigInt(divisor));
}

function byFloat(money: bigint, divisor: number): bigint {
  if (divisor === 0) throw divisionByZero();
  return fromFloat(Number(money) / divisor);
}

const timesInteger = (money: bigint, factor: number | bigint): bigint => cents(money * BigInt(factor));
const integerTimes = (factor: number | bigint, money: bigint): bigint => timesInteger(money, factor);
const timesFloat = (money: bigint, factor: number): bigint => fromFloat(Number(money) * factor);
const floatTimes = (factor: number, money: bigint): bigint => timesFloat(money, factor);

export const MONEY_FUNCTIONS: FunctionTable = {
  cash_pl: (a: bigint, b: bigint) => cents(a + b),
  cash_mi: (a: bigint, b: bigint) => cents(a - b),
  cash_div_cash(a: bigint, b: bigint) {
    if (b === 0n) throw divisionByZero();
    return Number(a) / Number(b);
  },
  cash_mul_int2: timesInteger,
  cash_mul_int4: timesInteger,
  cash_mul_int8: timesInteger,
  int2_mul_cash: integerTimes,
  int4_mul_cash: integerTimes,
  int8_mul_cash: integerTimes,
  cash_div_int2: byInteger,
  cash_div_int4: byInteger,
  cash_div_int8: byInteger,
  cash_mul_flt4: timesFloat,
  cash_mul_flt8: timesFloat,
  flt4_mul_cash: floatTimes,
  flt8_mul_cash: floatTimes,
  cash_div_flt4: byFloat,
  cash_div_flt8: byFloat,
  cashlarger: (a: bigint, b: bigint) => (a > b ? a : b),
  cashsmaller: (a: bigint, b: bigint) => (a < b ? a : b),
};
