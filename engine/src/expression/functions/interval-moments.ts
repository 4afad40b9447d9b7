import { type Interval, readZonedTime, writeInterval, writeZonedTime } from "@freshet/values";
import { declined, EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { civilDate, daysInMonth, daysOf } from "./calendar.ts";
import { splitTimestamp } from "./date-fields.ts";
import { checkedTimestamp as checked, isInfiniteTimestamp as isInfinite, midnight } from "./date-order.ts";
import {
  finiteInterval,
  intervalOutOfRange,
  intervalValue,
  justifyHours,
  MICROS_PER_DAY,
} from "./interval-arithmetic.ts";
import type { FunctionTable } from "./scalar-function.ts";

/** The first day behind timestamp's range. */
const TIMESTAMP_DATE_END = 106_751_983;
const INT64_END = 1n << 63n;

/** The sum without regard to timestamp's range; `check` sees what PostgreSQL checks on the way to it. */
export function movedBy(
  timestamp: bigint,
  { months, days, micros }: Interval,
  check: (timestamp: bigint) => bigint = (sum) => sum,
): bigint {
  if (isInfinite(timestamp)) return timestamp;
  let result = timestamp;
  if (months !== 0) {
    const { days: day, time } = splitTimestamp(timestamp);
    const date = civilDate(day);
    const month = date.year * 12 + (date.month - 1) + months;
    const year = Math.floor(month / 12);
    const ofYear = month - year * 12 + 1;
    const shown = Math.min(date.day, daysInMonth(year, ofYear));
    result = check(BigInt(daysOf(year, ofYear, shown)) * MICROS_PER_DAY + BigInt(time));
  }
  if (days !== 0) result = check(result + BigInt(days) * MICROS_PER_DAY);
  return check(result + micros);
}

/** Months first, where a day that the month does not have becomes its last one, then days, then the time. */
export function plusInterval(timestamp: bigint, interval: Interval): bigint {
  return movedBy(timestamp, interval, checked);
}

export function minusInterval(timestamp: bigint, interval: Interval): bigint {
  return plusInterval(timestamp, negated(interval));
}

function negated(interval: Interval): Interval {
  const opposite = { months: 0 - interval.months, days: 0 - interval.days, micros: -interval.micros };
  if (writeInterval(opposite) === undefined) throw intervalOutOfRange();
  return opposite;
}

/** The timestamp of a date's midnight. */
export function timestampOf(date: number): bigint {
  const timestamp = midnight(date);
  if (!isInfinite(timestamp) && date >= TIMESTAMP_DATE_END)
    throw new EvaluationError(EvaluationState.datetimeFieldOverflow, "date out of range for timestamp");
  return timestamp;
}

/** Days and time between two moments. The difference of infinite ones has been an error before version 17. */
function difference(left: bigint, right: bigint): Buffer {
  if (isInfinite(left) || isInfinite(right)) throw declined("the difference of infinite timestamps");
  const micros = left - right;
  if (micros >= INT64_END || micros < -INT64_END) throw intervalOutOfRange();
  return intervalValue(justifyHours({ months: 0, days: 0, micros }));
}

/** `age`: the difference in years, months, days and time, as a calendar counts it. */
function age(left: bigint, right: bigint): Buffer {
  if (isInfinite(left) || isInfinite(right)) throw declined("the age of infinite timestamps");
  const swapped = left < right;
  const [later, earlier] = swapped ? [right, left] : [left, right];
  const [end, start] = [splitTimestamp(later), splitTimestamp(earlier)];
  const [endDate, startDate] = [civilDate(end.days), civilDate(start.days)];
  let micros = BigInt(end.time) - BigInt(start.time);
  let days = endDate.day - startDate.day;
  let months = (endDate.year - startDate.year) * 12 + endDate.month - startDate.month;
  if (micros < 0n) {
    micros += MICROS_PER_DAY;
    days--;
  }
  while (days < 0) {
    days += daysInMonth(startDate.year, startDate.month);
    months--;
  }
  const interval = { months, days, micros };
  return intervalValue(swapped ? negated(interval) : interval);
}

/** The time of day that a number of microseconds, of which there are 64 bits, ends at. */
function timeOfDay(micros: bigint): bigint {
  const rest = BigInt.asIntN(64, micros) % MICROS_PER_DAY;
  return rest < 0n ? rest + MICROS_PER_DAY : rest;
}

function zonedPlus(bytes: Buffer, micros: bigint): Buffer {
  const { micros: time, zone } = readZonedTime(bytes);
  return writeZonedTime({ micros: timeOfDay(time + micros), zone });
}

const PRECISIONS = 6;

/** To p digits of a second, halves up. */
function roundedTime(micros: bigint, precision: number): bigint {
  if (precision < 0 || precision >= PRECISIONS) return micros;
  const unit = 10n ** BigInt(PRECISIONS - precision);
  return ((micros + unit / 2n) / unit) * unit;
}

function dateAndTime(date: number, time: bigint): bigint {
  const timestamp = timestampOf(date);
  return isInfinite(timestamp) ? timestamp : checked(timestamp + time);
}

function earlierOrLater(sign: 1 | -1): (a: bigint, b: bigint) => bigint {
  return (a, b) => ((sign > 0 ? a > b : a < b) ? a : b);
}

export const INTERVAL_MOMENTS: FunctionTable = {
  timestamp_pl_interval: (timestamp: bigint, bytes: Buffer) => plusInterval(timestamp, finiteInterval(bytes)),
  timestamp_mi_interval: (timestamp: bigint, bytes: Buffer) => minusInterval(timestamp, finiteInterval(bytes)),
  date_pl_interval: (date: number, bytes: Buffer) => plusInterval(timestampOf(date), finiteInterval(bytes)),
  date_mi_interval: (date: number, bytes: Buffer) => minusInterval(timestampOf(date), finiteInterval(bytes)),
  timestamp_mi: difference,
  timestamp_age: age,
  datetime_timestamp: dateAndTime,
  timestamp_time: (timestamp: bigint) => (isInfinite(timestamp) ? null : BigInt(splitTimestamp(timestamp).time)),
  time_interval: (micros: bigint) => intervalValue({ months: 0, days: 0, micros }),
  interval_time: (bytes: Buffer) => timeOfDay(finiteInterval(bytes).micros),
  time_mi_time: (left: bigint, right: bigint) => intervalValue({ months: 0, days: 0, micros: left - right }),
  time_pl_interval: (time: bigint, bytes: Buffer) => timeOfDay(time + finiteInterval(bytes).micros),
  time_mi_interval: (time: bigint, bytes: Buffer) => timeOfDay(time - finiteInterval(bytes).micros),
  timetz_pl_interval: (time: Buffer, bytes: Buffer) => zonedPlus(time, finiteInterval(bytes).micros),
  timetz_mi_interval: (time: Buffer, bytes: Buffer) => zonedPlus(time, -finiteInterval(bytes).micros),
  timetz_time: (bytes: Buffer) => readZonedTime(bytes).micros,
  time_scale: roundedTime,
  timetz_scale(bytes: Buffer, precision: number) {
    const { micros, zone } = readZonedTime(bytes);
    return writeZonedTime({ micros: roundedTime(micros, precision), zone });
  },
  time_larger: earlierOrLater(1),
  time_smaller: earlierOrLater(-1),
};
