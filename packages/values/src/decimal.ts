import type { Decimal } from "./codec.ts";

export const DECIMAL_NAN: Decimal = { kind: "nan", unscaled: 0n, scale: 0 };
export const DECIMAL_INFINITY: Decimal = { kind: "infinity", unscaled: 0n, scale: 0 };
export const DECIMAL_NEGATIVE_INFINITY: Decimal = { kind: "-infinity", unscaled: 0n, scale: 0 };

/** PostgreSQL's limits on digits before and after the decimal point. */
export const MAX_INTEGER_DIGITS = 131_072;
export const MAX_DISPLAY_SCALE = 16_383;

const POWERS: bigint[] = Array.from({ length: 64 }, (_, exponent) => 10n ** BigInt(exponent));

/** 10^exponent, exponent >= 0. */
export function powerOfTen(exponent: number): bigint {
  return POWERS[exponent] ?? 10n ** BigInt(exponent);
}

export function finiteDecimal(unscaled: bigint, scale: number): Decimal {
  return { kind: "finite", unscaled, scale };
}

const DECIMAL_TEXT = /^([+-]?)(?:(\d+)\.?(\d*)|\.(\d+))(?:[eE]([+-]?\d{1,6}))?$/;

/**
 * Parses a decimal as numeric's input function does, without surrounding blanks; undefined for every
 * other spelling and for what exceeds numeric's limits. The scale is that of the spelling (`1.50` has 2).
 */
export function parseDecimal(text: string): Decimal | undefined {
  const match = DECIMAL_TEXT.exec(text);
  if (match === null) return parseSpecialDecimal(text);
  const integer = match[2] ?? "";
  const fraction = match[3] ?? match[4] ?? "";
  const exponent = match[5] === undefined ? 0 : Number(match[5]);
  const digits = (integer + fraction).replace(/^0+/, "");
  const scale = fraction.length - exponent;
  if (scale > MAX_DISPLAY_SCALE || digits.length - scale > MAX_INTEGER_DIGITS) return undefined;
  const magnitude = digits === "" ? 0n : BigInt(digits) * powerOfTen(Math.max(0, -scale));
  return finiteDecimal(match[1] === "-" ? -magnitude : magnitude, Math.max(0, scale));
}

function parseSpecialDecimal(text: string): Decimal | undefined {
  switch (text.toLowerCase()) {
    case "nan":
      return DECIMAL_NAN;
    case "infinity":
    case "+infinity":
    case "inf":
    case "+inf":
      return DECIMAL_INFINITY;
    case "-infinity":
    case "-inf":
      return DECIMAL_NEGATIVE_INFINITY;
    default:
      return undefined;
  }
}

/** numeric's output text: all `scale` fraction digits, no exponent. */
export function formatDecimal(value: Decimal): string {
  if (value.kind !== "finite") return formatSpecialDecimal(value.kind);
  const { unscaled, scale } = value;
  if (scale === 0) return unscaled.toString();
  const negative = unscaled < 0n;
  const digits = (negative ? -unscaled : unscaled).toString().padStart(scale + 1, "0");
  const point = digits.length - scale;
  return `${negative ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}`;
}

export function formatSpecialDecimal(kind: "nan" | "infinity" | "-infinity"): string {
  return kind === "nan" ? "NaN" : kind === "infinity" ? "Infinity" : "-Infinity";
}

function rank(value: Decimal): number {
  switch (value.kind) {
    case "-infinity":
      return 0;
    case "finite":
      return 1;
    case "infinity":
      return 2;
    case "nan":
      return 3;
  }
}

/** numeric's btree order: -Infinity, finite values by value, Infinity, NaN (equal to itself). */
export function compareDecimal(a: Decimal, b: Decimal): number {
  if (a.kind !== "finite" || b.kind !== "finite") return rank(a) - rank(b);
  const left = a.scale >= b.scale ? a.unscaled : a.unscaled * powerOfTen(b.scale - a.scale);
  const right = b.scale >= a.scale ? b.unscaled : b.unscaled * powerOfTen(a.scale - b.scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The same value with the smallest scale that holds it: equal decimals get equal forms. */
export function normalizeDecimal(value: Decimal): Decimal {
  if (value.kind !== "finite") return value;
  let { unscaled, scale } = value;
  while (scale > 0 && unscaled % 10n === 0n) {
    unscaled /= 10n;
    scale--;
  }
  return finiteDecimal(unscaled, scale);
}

/** The value at `scale` fraction digits, rounded half away from zero as PostgreSQL rounds numerics. */
export function rescaleDecimal(value: Decimal, scale: number): Decimal {
  if (value.kind !== "finite" || value.scale === scale) return value;
  if (scale > value.scale) return finiteDecimal(value.unscaled * powerOfTen(scale - value.scale), scale);
  const divisor = powerOfTen(value.scale - scale);
  const half = divisor / 2n;
  const { unscaled } = value;
  return finiteDecimal((unscaled < 0n ? unscaled - half : unscaled + half) / divisor, scale);
}
