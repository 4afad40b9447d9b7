import { divisionByZero, outOfRange } from "../evaluation-error.ts";
import type { FunctionTable } from "./scalar-function.ts";

const INT8_MAX = 0x7fffffffffffffffn;
const INT8_MIN = -0x8000000000000000n;

export function int2Checked(value: number): number {
  if (value < -0x8000 || value > 0x7fff) throw outOfRange("smallint out of range");
  return value;
}

export function int4Checked(value: number): number {
  if (value < -0x80000000 || value > 0x7fffffff) throw outOfRange("integer out of range");
  return value;
}

export function int8Checked(value: bigint): bigint {
  if (value < INT8_MIN || value > INT8_MAX) throw outOfRange("bigint out of range");
  return value;
}

/** Truncates towards zero; +0, never -0. */
function quotient(a: number, b: number): number {
  if (b === 0) throw divisionByZero();
  return Math.trunc(a / b) + 0;
}

function remainder(a: number, b: number): number {
  if (b === 0) throw divisionByZero();
  return (a % b) + 0;
}

function bigQuotient(a: bigint, b: bigint): bigint {
  if (b === 0n) throw divisionByZero();
  return a / b;
}

function bigRemainder(a: bigint, b: bigint): bigint {
  if (b === 0n) throw divisionByZero();
  return a % b;
}

/**
 * + - * / of int2 and int4; `checked` is the result type's range. A product can exceed 2^53 and be
 * rounded: then it is out of range by far.
 */
function narrowFour(prefix: string, checked: (value: number) => number): FunctionTable {
  return {
    [`${prefix}pl`]: (a: number, b: number) => checked(a + b),
    [`${prefix}mi`]: (a: number, b: number) => checked(a - b),
    [`${prefix}mul`]: (a: number, b: number) => checked(a * b + 0),
    [`${prefix}div`]: (a: number, b: number) => checked(quotient(a, b)),
  };
}

/** + - * / with an int8 on at least one side. */
function wideFour(prefix: string): FunctionTable {
  return {
    [`${prefix}pl`]: (a: number | bigint, b: number | bigint) => int8Checked(BigInt(a) + BigInt(b)),
    [`${prefix}mi`]: (a: number | bigint, b: number | bigint) => int8Checked(BigInt(a) - BigInt(b)),
    [`${prefix}mul`]: (a: number | bigint, b: number | bigint) => int8Checked(BigInt(a) * BigInt(b)),
    [`${prefix}div`]: (a: number | bigint, b: number | bigint) => int8Checked(bigQuotient(BigInt(a), BigInt(b))),
  };
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [left, right] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (right !== 0n) [left, right] = [right, left % right];
  return left;
}

function leastCommonMultiple(a: bigint, b: bigint): bigint {
  if (a === 0n || b === 0n) return 0n;
  const multiple = (a / greatestCommonDivisor(a, b)) * b;
  return multiple < 0n ? -multiple : multiple;
}

const same = (value: number | bigint): number | bigint => value;

export const INTEGER_ARITHMETIC: FunctionTable = {
  ...narrowFour("int2", int2Checked),
  ...narrowFour("int4", int4Checked),
  ...narrowFour("int24", int4Checked),
  ...narrowFour("int42", int4Checked),
  ...wideFour("int8"),
  ...wideFour("int28"),
  ...wideFour("int82"),
  ...wideFour("int48"),
  ...wideFour("int84"),
  int2mod: remainder,
  int4mod: remainder,
  int8mod: bigRemainder,
  int2um: (a: number) => int2Checked(0 - a),
  int4um: (a: number) => int4Checked(0 - a),
  int8um: (a: bigint) => int8Checked(-a),
  int2up: same,
  int4up: same,
  int8up: same,
  int2abs: (a: number) => int2Checked(Math.abs(a)),
  int4abs: (a: number) => int4Checked(Math.abs(a)),
  int8abs: (a: bigint) => int8Checked(a < 0n ? -a : a),
  int4inc: (a: number) => int4Checked(a + 1),
  int8inc: (a: bigint) => int8Checked(a + 1n),
  int8dec: (a: bigint) => int8Checked(a - 1n),
  int4gcd: (a: number, b: number) => int4Checked(Number(greatestCommonDivisor(BigInt(a), BigInt(b)))),
  int8gcd: (a: bigint, b: bigint) => int8Checked(greatestCommonDivisor(a, b)),
  int4lcm: (a: number, b: number) => int4Checked(Number(leastCommonMultiple(BigInt(a), BigInt(b)))),
  int8lcm: (a: bigint, b: bigint) => int8Checked(leastCommonMultiple(a, b)),
};
