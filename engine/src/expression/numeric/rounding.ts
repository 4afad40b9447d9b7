import { finiteDecimal, powerOfTen } from "@freshet/values";
import type { Decimal } from "@freshet/values";
import { declined, outOfRange } from "../evaluation-error.ts";
import { absolute, digitCount, divideRounded, unscaledAt } from "./decimal.ts";

/** Beyond this PostgreSQL's majors clamp the scale differently. */
const MAX_ROUND_SCALE = 1000;

/** A finite value rounded half away from zero to `scale` digits; a negative scale rounds before the point. */
export function roundTo(value: Decimal, scale: number): Decimal {
  if (scale >= value.scale) return finiteDecimal(unscaledAt(value, scale), scale);
  const rounded = divideRounded(value.unscaled, powerOfTen(value.scale - scale));
  return scale >= 0 ? finiteDecimal(rounded, scale) : finiteDecimal(rounded * powerOfTen(-scale), 0);
}

function truncateTo(value: Decimal, scale: number): Decimal {
  if (scale >= value.scale) return finiteDecimal(unscaledAt(value, scale), scale);
  const truncated = value.unscaled / powerOfTen(value.scale - scale);
  return scale >= 0 ? finiteDecimal(truncated, scale) : finiteDecimal(truncated * powerOfTen(-scale), 0);
}

/** `round(value, scale)`. */
export function roundDecimal(value: Decimal, scale: number): Decimal {
  if (value.kind !== "finite") return value;
  if (Math.abs(scale) > MAX_ROUND_SCALE) throw declined(`round(numeric, ${scale})`);
  return roundTo(value, scale);
}

/** `trunc(value, scale)`. */
export function truncateDecimal(value: Decimal, scale: number): Decimal {
  if (value.kind !== "finite") return value;
  if (Math.abs(scale) > MAX_ROUND_SCALE) throw declined(`trunc(numeric, ${scale})`);
  return truncateTo(value, scale);
}

export function floorDecimal(value: Decimal): Decimal {
  if (value.kind !== "finite") return value;
  const truncated = truncateTo(value, 0);
  const below = value.unscaled < 0n && unscaledAt(truncated, value.scale) !== value.unscaled;
  return below ? finiteDecimal(truncated.unscaled - 1n, 0) : truncated;
}

export function ceilDecimal(value: Decimal): Decimal {
  if (value.kind !== "finite") return value;
  const truncated = truncateTo(value, 0);
  const above = value.unscaled > 0n && unscaledAt(truncated, value.scale) !== value.unscaled;
  return above ? finiteDecimal(truncated.unscaled + 1n, 0) : truncated;
}

/** Digits behind the point that are needed to show the value exactly. */
export function minimumScale(value: Decimal): number {
  if (value.unscaled === 0n) return 0;
  const digits = absolute(value.unscaled).toString();
  let trailing = 0;
  while (digits.charCodeAt(digits.length - 1 - trailing) === 0x30) trailing++;
  return Math.max(value.scale - trailing, 0);
}

export function trimScale(value: Decimal): Decimal {
  return value.kind === "finite" ? truncateTo(value, minimumScale(value)) : value;
}

/** Applies numeric(precision, scale), the cast of a typmod. */
export function applyTypmod(value: Decimal, typmod: number): Decimal {
  if (typmod < 4) return value;
  const packed = typmod - 4;
  const precision = (packed >> 16) & 0xffff;
  const scale = ((packed & 0x7ff) ^ 1024) - 1024;
  if (value.kind === "nan") return value;
  if (value.kind !== "finite") throw outOfRange("numeric field overflow");
  const rounded = roundTo(value, scale);
  if (rounded.unscaled !== 0n && digitCount(rounded.unscaled) - rounded.scale > precision - scale) {
    throw outOfRange("numeric field overflow");
  }
  return rounded;
}
