import { powerOfTen } from "@freshet/values";
import { declined, EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { divideRounded } from "../numeric/decimal.ts";
import { civilDate, daysInMonth, daysOf, isoWeekStart } from "./calendar.ts";
import { extractDate, extractTimestamp, splitTimestamp, timestampPart } from "./date-fields.ts";
import {
  DATE_INFINITY,
  DATE_NEGATIVE_INFINITY,
  MICROSECONDS_PER_DAY,
  midnight,
  TIMESTAMP_INFINITY,
  TIMESTAMP_NEGATIVE_INFINITY,
} from "./date-order.ts";
import type { FunctionTable } from "./scalar-function.ts";

/** 4714-11-24 BC, PostgreSQL's first day, as days since 2000-01-01. */
const FIRST_DAY = -2_451_545;
/** First days behind date's (5874898-01-01) and timestamp's (294277-01-01) ranges. */
const DATE_END = 2_145_031_949;
const TIMESTAMP_DATE_END = 106_751_983;

function dateTimeError(message: string): EvaluationError {
  return new EvaluationError(EvaluationState.datetimeFieldOverflow, message);
}

function isInfiniteDate(date: number): boolean {
  return date === DATE_INFINITY || date === DATE_NEGATIVE_INFINITY;
}

export function isInfiniteTimestamp(timestamp: bigint): boolean {
  return timestamp === TIMESTAMP_INFINITY || timestamp === TIMESTAMP_NEGATIVE_INFINITY;
}

/** date + integer. */
export function addDays(date: number, days: number): number {
  if (isInfiniteDate(date)) return date;
  const sum = date + days;
  if (sum < FIRST_DAY || sum >= DATE_END) throw dateTimeError("date out of range");
  return sum;
}

function daysBetween(a: number, b: number): number {
  if (isInfiniteDate(a) || isInfiniteDate(b)) throw dateTimeError("cannot subtract infinite dates");
  return a - b;
}

function dateToTimestamp(date: number): bigint {
  if (!isInfiniteDate(date) && date >= TIMESTAMP_DATE_END) throw dateTimeError("date out of range for timestamp");
  return midnight(date);
}

function timestampToDate(timestamp: bigint): number {
  if (timestamp === TIMESTAMP_INFINITY) return DATE_INFINITY;
  if (timestamp === TIMESTAMP_NEGATIVE_INFINITY) return DATE_NEGATIVE_INFINITY;
  return splitTimestamp(timestamp).days;
}

/** Negative years are BC; there is no year 0. */
export function makeDate(year: number, month: number, day: number): number {
  const astronomical = year < 0 ? year + 1 : year;
  const exists = year !== 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(astronomical, month);
  if (!exists) throw dateTimeError("date field value out of range");
  if (astronomical < -4713 || astronomical > 5_874_897) throw dateTimeError("date out of range");
  const days = daysOf(astronomical, month, day);
  if (days < FIRST_DAY || days >= DATE_END) throw dateTimeError("date out of range");
  return days;
}

/** First year of the period of `length` years (the first begins with year 1) that holds `year`. */
function periodStart(year: number, length: number): number {
  return Math.floor((year - 1) / length) * length + 1;
}

/** First day of the period that holds `days`; undefined for a field that is no period of days. */
function truncatedDay(field: string, days: number): number | undefined {
  const { year, month } = civilDate(days);
  switch (field) {
    case "day":
      return days;
    case "week":
      return isoWeekStart(days);
    case "month":
      return daysOf(year, month, 1);
    case "quarter":
      return daysOf(year, month - ((month - 1) % 3), 1);
    case "year":
      return daysOf(year, 1, 1);
    case "decade":
      return daysOf(Math.floor(year / 10) * 10, 1, 1);
    case "century":
      return daysOf(periodStart(year, 100), 1, 1);
    case "millennium":
      return daysOf(periodStart(year, 1000), 1, 1);
    default:
      return undefined;
  }
}

const TIME_UNITS: ReadonlyMap<string, bigint> = new Map([
  ["hour", 3_600_000_000n],
  ["minute", 60_000_000n],
  ["second", 1_000_000n],
  ["milliseconds", 1_000n],
  ["microseconds", 1n],
]);

/** `date_trunc(field, timestamp)`. Before the common era PostgreSQL's rounding has its own ways. */
export function truncateTimestamp(field: string, timestamp: bigint): bigint {
  const { days, time } = splitTimestamp(timestamp);
  const unit = TIME_UNITS.get(field);
  if (unit === undefined && truncatedDay(field, 0) === undefined) throw declined(`date_trunc('${field}', timestamp)`);
  if (isInfiniteTimestamp(timestamp)) return timestamp;
  if (unit !== undefined) return timestamp - (BigInt(time) % unit);
  if (civilDate(days).year <= 1) throw declined("date_trunc before the common era");
  return BigInt(truncatedDay(field, days) ?? 0) * MICROSECONDS_PER_DAY;
}

/** timestamp(p) and timestamptz(p): to p digits of a second, halves away from 2000-01-01. */
function roundTimestamp(timestamp: bigint, precision: number): bigint {
  if (precision < 0 || precision >= 6 || isInfiniteTimestamp(timestamp)) return timestamp;
  return divideRounded(timestamp, powerOfTen(6 - precision)) * powerOfTen(6 - precision);
}

/** `date_part(field, date)`, which PostgreSQL defines through the timestamp of the date's midnight. */
export function datePart(field: string, date: number): number | null {
  return timestampPart(field, dateToTimestamp(date));
}

export const DATE_FUNCTIONS: FunctionTable = {
  date_pli: addDays,
  date_mii: (date: number, days: number) => addDays(date, -days),
  date_mi: daysBetween,
  date_finite: (date: number) => !isInfiniteDate(date),
  timestamp_finite: (timestamp: bigint) => !isInfiniteTimestamp(timestamp),
  date_larger: (a: number, b: number) => Math.max(a, b),
  date_smaller: (a: number, b: number) => Math.min(a, b),
  date_timestamp: dateToTimestamp,
  timestamp_date: timestampToDate,
  make_date: makeDate,
  extract_date: extractDate,
  extract_timestamp: extractTimestamp,
  timestamp_trunc: truncateTimestamp,
  timestamp_part: timestampPart,
  timestamp_scale: roundTimestamp,
  timestamptz_scale: roundTimestamp,
};
