import { outOfRange } from "../evaluation-error.ts";
import {
  decimalToDouble,
  decimalToInt2,
  decimalToInt4,
  decimalToInt8,
  decimalToSingle,
  floatToDecimal,
  integerToDecimal,
} from "../numeric/conversion.ts";
import { roundHalfEven } from "./float-arithmetic.ts";
import { int2Checked, int4Checked, int8Checked } from "./integer-arithmetic.ts";
import type { FunctionTable } from "./scalar-function.ts";

const widened = (value: number): bigint => BigInt(value);

/** Float to integer: halves to even, NaN and what does not fit refused. */
function floatToInt2(value: number): number {
  return Number.isNaN(value) ? refuse("smallint") : int2Checked(roundHalfEven(value) + 0);
}

function floatToInt4(value: number): number {
  return Number.isNaN(value) ? refuse("integer") : int4Checked(roundHalfEven(value) + 0);
}

function floatToInt8(value: number): bigint {
  if (!Number.isFinite(value)) return refuse("bigint");
  return int8Checked(BigInt(roundHalfEven(value)));
}

function refuse(typeName: string): never {
  throw outOfRange(`${typeName} out of range`);
}

function doubleToSingle(value: number): number {
  const single = Math.fround(value);
  if (!Number.isFinite(single) && Number.isFinite(value)) throw outOfRange("value out of range: overflow");
  if (single === 0 && value !== 0) throw outOfRange("value out of range: underflow");
  return single;
}

/** The single nearest to an int8; going through a double would round twice. */
function bigintToSingle(value: bigint): number {
  return decimalToSingle(integerToDecimal(value));
}

export const CASTS: FunctionTable = {
  i2toi4: (value: number) => value,
  i4toi2: int2Checked,
  int28: widened,
  int48: widened,
  int82: (value: bigint) => int2Checked(Number(value)),
  int84: (value: bigint) => int4Checked(Number(value)),
  oidtoi8: widened,
  i8tooid: (value: bigint) => {
    if (value < 0n || value > 0xffffffffn) throw outOfRange("OID out of range");
    return Number(value);
  },
  int4_bool: (value: number) => value !== 0,
  bool_int4: (value: boolean) => (value ? 1 : 0),
  i2tod: (value: number) => value,
  i4tod: (value: number) => value,
  i8tod: (value: bigint) => Number(value),
  i2tof: (value: number) => value,
  i4tof: (value: number) => Math.fround(value),
  i8tof: bigintToSingle,
  ftod: (value: number) => value,
  dtof: doubleToSingle,
  ftoi2: floatToInt2,
  ftoi4: floatToInt4,
  ftoi8: floatToInt8,
  dtoi2: floatToInt2,
  dtoi4: floatToInt4,
  dtoi8: floatToInt8,
  int2_numeric: integerToDecimal,
  int4_numeric: integerToDecimal,
  int8_numeric: integerToDecimal,
  numeric_int2: decimalToInt2,
  numeric_int4: decimalToInt4,
  numeric_int8: decimalToInt8,
  float4_numeric: (value: number) => floatToDecimal(value, 6),
  float8_numeric: (value: number) => floatToDecimal(value, 15),
  numeric_float4: decimalToSingle,
  numeric_float8: decimalToDouble,
  booltext: (value: boolean) => (value ? "true" : "false"),
};
