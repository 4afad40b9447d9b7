import { DECIMAL_INFINITY, DECIMAL_NEGATIVE_INFINITY, finiteDecimal } from "@freshet/values";
import type { Decimal } from "@freshet/values";
import { addDecimals, divideDecimals } from "../numeric/arithmetic.ts";
import { roundDecimal } from "../numeric/rounding.ts";
import { decimalToDouble, integerToDecimal } from "../numeric/conversion.ts";
import { civilDate, dayOfWeek, daysOf, isoWeek } from "./calendar.ts";
import {
  DATE_INFINITY,
  DATE_NEGATIVE_INFINITY,
  MICROSECONDS_PER_DAY,
  TIMESTAMP_INFINITY,
  TIMESTAMP_NEGATIVE_INFINITY,
} from "./date-order.ts";
import { extractedUnit, unsupportedUnit } from "./datetime-units.ts";

/** Julian day of 2000-01-01, and its seconds since 1970. */
const JULIAN_EPOCH = 2_451_545;
const UNIX_EPOCH_SECONDS = 946_684_800n;

/** Fields that grow with time: an infinite date has an infinite one; the others are NULL for it. */
const MONOTONIC: ReadonlySet<string> = new Set([
  "year",
  "decade",
  "century",
  "millennium",
  "julian",
  "isoyear",
  "epoch",
]);
const CYCLIC_DATE: ReadonlySet<string> = new Set(["day", "month", "quarter", "week", "dow", "isodow", "doy"]);
const CYCLIC_TIME: ReadonlySet<string> = new Set([
  "hour",
  "minute",
  "second",
  "milliseconds",
  "microseconds",
  "timezone",
  "timezone_hour",
  "timezone_minute",
]);

/** Years without a year 0: year 0 of the astronomical count is 1 BC, shown as -1. */
function shownYear(year: number): number {
  return year > 0 ? year : year - 1;
}

/** Century or millennium (`length` years each, the first begins with year 1); no 0th. */
function periodOf(year: number, length: number): number {
  if (year > 0) return Math.floor((year + length - 1) / length);
  return -Math.floor((length - 1 - (year - 1)) / length);
}

/** A field of a calendar day as an integer; undefined for one that days do not have. */
function dayField(field: string, days: number): number | undefined {
  const { year, month, day } = civilDate(days);
  switch (field) {
    case "day":
      return day;
    case "month":
      return month;
    case "quarter":
      return Math.floor((month - 1) / 3) + 1;
    case "week":
      return isoWeek(days).week;
    case "year":
      return shownYear(year);
    case "decade":
      return Math.floor(year / 10);
    case "century":
      return periodOf(year, 100);
    case "millennium":
      return periodOf(year, 1000);
    case "isoyear":
      return shownYear(isoWeek(days).year);
    case "dow":
      return dayOfWeek(days);
    case "isodow":
      return dayOfWeek(days) || 7;
    case "doy":
      return days - daysOf(year, 1, 1) + 1;
    default:
      return undefined;
  }
}

function infiniteField(field: string, positive: boolean, cyclic: readonly ReadonlySet<string>[]): Decimal | null {
  if (MONOTONIC.has(field)) return positive ? DECIMAL_INFINITY : DECIMAL_NEGATIVE_INFINITY;
  if (cyclic.some((fields) => fields.has(field))) return null;
  throw unsupportedUnit(field, "timestamp");
}

/** `EXTRACT(field FROM date)`. */
export function extractDate(word: string, date: number): Decimal | null {
  const field = extractedUnit(word);
  if (date === DATE_INFINITY || date === DATE_NEGATIVE_INFINITY) {
    return infiniteField(field, date === DATE_INFINITY, [CYCLIC_DATE]);
  }
  if (field === "julian") return integerToDecimal(date + JULIAN_EPOCH);
  if (field === "epoch") return integerToDecimal(BigInt(date) * 86_400n + UNIX_EPOCH_SECONDS);
  const value = dayField(field, date);
  if (value === undefined) throw unsupportedUnit(field, "date");
  return integerToDecimal(value);
}

/** Days and microseconds of the day. */
export function splitTimestamp(timestamp: bigint): { readonly days: number; readonly time: number } {
  let days = timestamp / MICROSECONDS_PER_DAY;
  let time = timestamp % MICROSECONDS_PER_DAY;
  if (time < 0n) {
    days -= 1n;
    time += MICROSECONDS_PER_DAY;
  }
  return { days: Number(days), time: Number(time) };
}

/** A field of a time of day; seconds and milliseconds show all microseconds. */
export function timeField(field: string, time: number): Decimal | undefined {
  const inMinute = BigInt(time % 60_000_000);
  switch (field) {
    case "hour":
      return integerToDecimal(Math.floor(time / 3_600_000_000));
    case "minute":
      return integerToDecimal(Math.floor(time / 60_000_000) % 60);
    case "second":
      return finiteDecimal(inMinute, 6);
    case "milliseconds":
      return finiteDecimal(inMinute, 3);
    case "microseconds":
      return finiteDecimal(inMinute, 0);
    default:
      return undefined;
  }
}

/** Seconds since 1970. Where an int8 of microseconds would overflow PostgreSQL divides, and shows fewer digits. */
function timestampEpoch(timestamp: bigint): Decimal {
  const microseconds = timestamp + UNIX_EPOCH_SECONDS * 1_000_000n;
  if (microseconds < TIMESTAMP_INFINITY) return finiteDecimal(microseconds, 6);
  return roundDecimal(divideDecimals(finiteDecimal(microseconds, 0), finiteDecimal(1_000_000n, 0)), 6);
}

/** The julian day with its fraction, of as many digits as PostgreSQL's division gives. */
function julianDay(days: number, time: number): Decimal {
  const fraction = divideDecimals(integerToDecimal(time), integerToDecimal(MICROSECONDS_PER_DAY));
  return addDecimals(integerToDecimal(days + JULIAN_EPOCH), fraction);
}

/** `EXTRACT(field FROM timestamp)`. */
export function extractTimestamp(word: string, timestamp: bigint): Decimal | null {
  const field = extractedUnit(word);
  if (timestamp === TIMESTAMP_INFINITY || timestamp === TIMESTAMP_NEGATIVE_INFINITY) {
    return infiniteField(field, timestamp === TIMESTAMP_INFINITY, [CYCLIC_DATE, CYCLIC_TIME]);
  }
  if (field === "epoch") return timestampEpoch(timestamp);
  const { days, time } = splitTimestamp(timestamp);
  if (field === "julian") return julianDay(days, time);
  const ofTime = timeField(field, time);
  if (ofTime !== undefined) return ofTime;
  const ofDay = dayField(field, days);
  if (ofDay === undefined) throw unsupportedUnit(field, "timestamp");
  return integerToDecimal(ofDay);
}

/** `date_part(field, timestamp)`: the same fields as floats. */
export function timestampPart(word: string, timestamp: bigint): number | null {
  const field = extractedUnit(word);
  const exact = extractTimestamp(field, timestamp);
  if (exact === null) return null;
  if (exact.kind !== "finite" || exact.scale === 0) return decimalToDouble(exact);
  const microseconds = timestamp + UNIX_EPOCH_SECONDS * 1_000_000n;
  if (field === "epoch") return Number(microseconds) / 1e6;
  if (field === "julian") {
    const { days, time } = splitTimestamp(timestamp);
    const seconds = Math.floor(time / 1e6);
    return days + JULIAN_EPOCH + (seconds + (time % 1e6) / 1e6) / 86_400;
  }
  const inMinute = Number(exact.unscaled);
  const seconds = Math.floor(inMinute / 1e6);
  const fraction = inMinute % 1e6;
  return field === "second" ? seconds + fraction / 1e6 : seconds * 1000 + fraction / 1000;
}
