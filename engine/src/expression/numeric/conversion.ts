import {
  compareDecimal,
  DECIMAL_INFINITY,
  DECIMAL_NAN,
  DECIMAL_NEGATIVE_INFINITY,
  finiteDecimal,
  powerOfTen,
} from "@freshet/values";
import type { Decimal } from "@freshet/values";
import { EvaluationError, EvaluationState, outOfRange } from "../evaluation-error.ts";
import { absolute } from "./decimal.ts";
import { roundTo } from "./rounding.ts";

/** The integer nearest to `value`, halves away from zero, within `minimum` and `maximum`. */
function decimalToInteger(value: Decimal, minimum: bigint, maximum: bigint, typeName: string): bigint {
  if (value.kind === "nan") throw cannotConvert("NaN", typeName);
  if (value.kind !== "finite") throw cannotConvert("infinity", typeName);
  const rounded = roundTo(value, 0).unscaled;
  if (rounded < minimum || rounded > maximum) throw outOfRange(`${typeName} out of range`);
  return rounded;
}

export function decimalToInt2(value: Decimal): number {
  return Number(decimalToInteger(value, -0x8000n, 0x7fffn, "smallint"));
}

export function decimalToInt4(value: Decimal): number {
  return Number(decimalToInteger(value, -0x80000000n, 0x7fffffffn, "integer"));
}

export function decimalToInt8(value: Decimal): bigint {
  return decimalToInteger(value, -0x8000000000000000n, 0x7fffffffffffffffn, "bigint");
}

function cannotConvert(what: string, typeName: string): EvaluationError {
  return new EvaluationError(EvaluationState.featureNotSupported, `cannot convert ${what} to ${typeName}`);
}

export function integerToDecimal(value: number | bigint): Decimal {
  return finiteDecimal(BigInt(value), 0);
}

/** `%.<digits>g` of a finite double, read as a decimal. PostgreSQL casts floats so (15 and 6 digits). */
export function floatToDecimal(value: number, digits: 15 | 6): Decimal {
  if (Number.isNaN(value)) return DECIMAL_NAN;
  if (value === Infinity) return DECIMAL_INFINITY;
  if (value === -Infinity) return DECIMAL_NEGATIVE_INFINITY;
  return parsePrinted(withoutTrailingZeros(toSignificant(value, digits)));
}

/** Scientific form with `digits` significant digits, ties to even as C's printf; JavaScript rounds them up. */
function toSignificant(value: number, digits: number): string {
  const rounded = value.toExponential(digits - 1);
  const [mantissa = "", exponent = "0"] = value.toExponential(20).split("e");
  const shown = mantissa.replace(/[-.]/g, "");
  const roundsUpToOdd = /^50*$/.test(shown.slice(digits)) && Number(shown.charAt(digits - 1)) % 2 === 0;
  if (!roundsUpToOdd || significantDigits(value) !== digits + 1) return rounded;
  const cut = shown.slice(0, digits);
  return `${value < 0 ? "-" : ""}${cut.charAt(0)}.${cut.slice(1)}e${exponent}`;
}

/** Digits of the exact decimal expansion. */
function significantDigits(value: number): number {
  return absolute(exactDecimal(value).unscaled).toString().replace(/0+$/, "").length;
}

function withoutTrailingZeros(printed: string): string {
  return printed.replace(/\.?0*e/, "e");
}

/** Reads `d[.ddd]e±x`; the scale is what the digits need, never negative. */
function parsePrinted(text: string): Decimal {
  const [mantissa = "0", exponent = "0"] = text.split("e");
  const point = mantissa.indexOf(".");
  const fraction = point < 0 ? 0 : mantissa.length - point - 1;
  const unscaled = BigInt(mantissa.replace(".", ""));
  const scale = fraction - Number(exponent);
  return scale >= 0 ? finiteDecimal(unscaled, scale) : finiteDecimal(unscaled * powerOfTen(-scale), 0);
}

/** The nearest double. */
export function decimalToDouble(value: Decimal): number {
  switch (value.kind) {
    case "nan":
      return NaN;
    case "infinity":
      return Infinity;
    case "-infinity":
      return -Infinity;
    case "finite": {
      const result = Number(`${value.unscaled}e-${value.scale}`);
      if (!Number.isFinite(result) || (result === 0 && value.unscaled !== 0n)) {
        throw outOfRange("value is out of range for type double precision");
      }
      return result;
    }
  }
}

/** The nearest single. Rounding the nearest double again errs only when that lies halfway between two singles. */
export function decimalToSingle(value: Decimal): number {
  if (value.kind !== "finite") return decimalToDouble(value);
  const double = Number(`${value.unscaled}e-${value.scale}`);
  let single = Math.fround(double);
  const other = 2 * double - single;
  if (single !== double && Math.fround(other) === other && Number.isFinite(single)) {
    const side = compareDecimal(value, exactDecimal(double));
    if (side !== 0) single = side > 0 ? Math.max(single, other) : Math.min(single, other);
  }
  if (!Number.isFinite(single) || (single === 0 && value.unscaled !== 0n)) {
    throw outOfRange("value is out of range for type real");
  }
  return single;
}

/** A finite double's exact value. */
function exactDecimal(value: number): Decimal {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const field = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = (field === 0 ? fraction : fraction | (1n << 52n)) * (value < 0 ? -1n : 1n);
  const exponent = Math.max(field, 1) - 1075;
  if (exponent >= 0) return finiteDecimal(mantissa << BigInt(exponent), 0);
  return finiteDecimal(mantissa * 5n ** BigInt(-exponent), -exponent);
}
