import { powerOfTen } from "@freshet/values";
import { EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { divideRounded } from "../numeric/decimal.ts";
import { daysInMonth, daysOf } from "./calendar.ts";
import { extractDate, extractTimestamp, splitTimestamp, timestampPart } from "./date-fields.ts";
import {
  DATE_INFINITY,
  DATE_NEGATIVE_INFINITY,
  isInfiniteTimestamp,
  midnight,
  TIMESTAMP_INFINITY,
  TIMESTAMP_NEGATIVE_INFINITY,
} from "./date-order.ts";
import type { FunctionTable } from "./scalar-function.ts";
import { truncateTimestamp } from "./truncation.ts";

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
