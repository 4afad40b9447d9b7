import type { Decimal } from "@freshet/values";
import { absolute } from "./decimal.ts";

const BASE_DIGITS = 4;

/** The first base-10000 digits of a number as PostgreSQL stores it: without zero digits at either end. */
export interface StoredDigits {
  /** Weight of the first digit, as a power of 10000; 0 for zero. */
  readonly weight: number;
  /** At most as many as asked for; empty for zero. */
  readonly digits: readonly number[];
}

/** The first `limit` digits of a finite decimal's stored form. */
export function storedDigits(value: Decimal, limit: number): StoredDigits {
  if (value.unscaled === 0n) return { weight: 0, digits: [] };
  const text = absolute(value.unscaled).toString();
  const exponent = text.length - value.scale - 1;
  const weight = Math.floor(exponent / BASE_DIGITS);
  const aligned = text.padStart(text.length + (BASE_DIGITS - 1) - (exponent - weight * BASE_DIGITS), "0");
  const significant = aligned.replace(/0+$/, "");
  const digits: number[] = [];
  for (let at = 0; at < significant.length && digits.length < limit; at += BASE_DIGITS) {
    digits.push(Number(significant.slice(at, at + BASE_DIGITS).padEnd(BASE_DIGITS, "0")));
  }
  return { weight, digits };
}

/** Whether a finite decimal has no fraction, whatever scale it shows. */
export function isIntegral(value: Decimal): boolean {
  return value.unscaled % 10n ** BigInt(value.scale) === 0n;
}

/** The nearest double, infinite or zero where that is out of range (numericvar_to_double_no_overflow). */
export function approximate(value: Decimal): number {
  return Number(`${value.unscaled}e-${value.scale}`);
}
