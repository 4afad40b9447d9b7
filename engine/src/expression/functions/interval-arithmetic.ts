import { type Interval, intervalInfinity, intervalSpan, readInterval, writeInterval } from "@freshet/values";
import { declined, divisionByZero, EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { roundHalfEven } from "./float-arithmetic.ts";
import type { FunctionTable } from "./scalar-function.ts";

const DAYS_PER_MONTH = 30;
const SECONDS_PER_DAY = 86_400;
export const MICROS_PER_DAY = 86_400_000_000n;
const INT32_LIMIT = 0x8000_0000;
const INT64_LIMIT = 2 ** 63;

export function intervalOutOfRange(): EvaluationError {
  return new EvaluationError(EvaluationState.datetimeFieldOverflow, "interval out of range");
}

/** A finite interval. What infinite ones mean in arithmetic has changed with version 17: left to PostgreSQL. */
export function finiteInterval(bytes: Buffer): Interval {
  const interval = readInterval(bytes);
  if (intervalInfinity(interval) !== 0) throw declined("arithmetic of infinite intervals");
  return interval;
}

/** The interval as a value; an error when a field does not fit, or all lie at their limit, which is infinity. */
export function intervalValue(interval: Interval): Buffer {
  const bytes = writeInterval(interval);
  if (bytes === undefined || intervalInfinity(interval) !== 0) throw intervalOutOfRange();
  return bytes;
}

function add(left: Buffer, right: Buffer): Buffer {
  const [a, b] = [finiteInterval(left), finiteInterval(right)];
  return intervalValue({ months: a.months + b.months, days: a.days + b.days, micros: a.micros + b.micros });
}

function subtract(left: Buffer, right: Buffer): Buffer {
  const [a, b] = [finiteInterval(left), finiteInterval(right)];
  return intervalValue({ months: a.months - b.months, days: a.days - b.days, micros: a.micros - b.micros });
}

function negated(interval: Interval): Interval {
  return { months: 0 - interval.months, days: 0 - interval.days, micros: -interval.micros };
}

/** TSROUND: to microseconds of what is counted in seconds. */
function rounded(value: number): number {
  return roundHalfEven(value * 1_000_000) / 1_000_000;
}

function truncated(value: number): number {
  if (Number.isNaN(value) || value < -INT32_LIMIT || value >= INT32_LIMIT) throw intervalOutOfRange();
  return Math.trunc(value) + 0;
}

/** Each field times or divided by a factor; fractions of months go to days (30 each), those of days to the time. */
function scaled(interval: Interval, scale: (value: number) => number): Buffer {
  const months = truncated(scale(interval.months));
  const wholeDays = truncated(scale(interval.days));
  const monthDays = rounded((scale(interval.months) - months) * DAYS_PER_MONTH);
  const dayFraction = scale(interval.days) - wholeDays + monthDays - Math.trunc(monthDays);
  let seconds = rounded(dayFraction * SECONDS_PER_DAY);
  let days = wholeDays;
  if (Math.abs(seconds) >= SECONDS_PER_DAY) {
    const carried = Math.trunc(seconds / SECONDS_PER_DAY);
    days += carried;
    seconds -= carried * SECONDS_PER_DAY;
  }
  days += Math.trunc(monthDays);
  const micros = roundHalfEven(scale(Number(interval.micros)) + seconds * 1_000_000);
  if (Number.isNaN(micros) || micros < -INT64_LIMIT || micros >= INT64_LIMIT) throw intervalOutOfRange();
  return intervalValue({ months, days, micros: BigInt(micros) });
}

/** Infinite factors have been errors before version 17. */
function checkFactor(factor: number): void {
  if (!Number.isFinite(factor)) throw declined("an interval times or by a factor that is not finite");
}

function multiply(bytes: Buffer, factor: number): Buffer {
  const interval = finiteInterval(bytes);
  checkFactor(factor);
  return scaled(interval, (value) => value * factor);
}

function divide(bytes: Buffer, factor: number): Buffer {
  const interval = finiteInterval(bytes);
  if (factor === 0) throw divisionByZero();
  checkFactor(factor);
  return scaled(interval, (value) => value / factor);
}

/** `justify_hours`: whole days out of the time, both with the sign of the days. */
export function justifyHours({ months, days: givenDays, micros: givenMicros }: Interval): Interval {
  let days = givenDays + Number(givenMicros / MICROS_PER_DAY);
  let micros = givenMicros % MICROS_PER_DAY;
  if (days > 0 && micros < 0n) {
    micros += MICROS_PER_DAY;
    days--;
  } else if (days < 0 && micros > 0n) {
    micros -= MICROS_PER_DAY;
    days++;
  }
  return { months, days, micros };
}

function justifyDays({ months: givenMonths, days: givenDays, micros }: Interval): Interval {
  let months = givenMonths + Math.trunc(givenDays / DAYS_PER_MONTH);
  let days = (givenDays % DAYS_PER_MONTH) + 0;
  if (months > 0 && days < 0) {
    days += DAYS_PER_MONTH;
    months--;
  } else if (months < 0 && days > 0) {
    days -= DAYS_PER_MONTH;
    months++;
  }
  return { months, days, micros };
}

function justifyInterval(interval: Interval): Interval {
  let { months, days, micros } = interval;
  days += Number(micros / MICROS_PER_DAY);
  micros %= MICROS_PER_DAY;
  months += Math.trunc(days / DAYS_PER_MONTH);
  days = (days % DAYS_PER_MONTH) + 0;
  if (months > 0 && (days < 0 || (days === 0 && micros < 0n))) {
    days += DAYS_PER_MONTH;
    months--;
  } else if (months < 0 && (days > 0 || (days === 0 && micros > 0n))) {
    days -= DAYS_PER_MONTH;
    months++;
  }
  return justifyHours({ months, days, micros });
}

function justified(justify: (interval: Interval) => Interval): (bytes: Buffer) => Buffer {
  return (bytes) => intervalValue(justify(finiteInterval(bytes)));
}

const FULL_RANGE = 0x7fff;
const PRECISIONS = 6;

/** `interval(p)`: halves of the last digit away from zero. Restricted fields (`interval day`) are left to PostgreSQL. */
function scaleInterval(bytes: Buffer, typmod: number): Buffer {
  if (typmod < 0) return bytes;
  if (((typmod >> 16) & FULL_RANGE) !== FULL_RANGE) throw declined("an interval of restricted fields");
  const precision = typmod & 0xffff;
  const interval = readInterval(bytes);
  if (precision >= PRECISIONS || intervalInfinity(interval) !== 0) return bytes;
  const unit = 10n ** BigInt(PRECISIONS - precision);
  const { micros } = interval;
  const away = micros >= 0n ? micros + unit / 2n : micros - unit / 2n;
  return intervalValue({ ...interval, micros: (away / unit) * unit });
}

function larger(a: Buffer, b: Buffer): Buffer {
  return intervalSpan(readInterval(a)) > intervalSpan(readInterval(b)) ? a : b;
}

function smaller(a: Buffer, b: Buffer): Buffer {
  return intervalSpan(readInterval(a)) < intervalSpan(readInterval(b)) ? a : b;
}

export { add as addIntervals, divide as divideInterval, multiply as multiplyInterval, subtract as subtractIntervals };

export const INTERVAL_ARITHMETIC: FunctionTable = {
  interval_pl: add,
  interval_mi: subtract,
  interval_um: (bytes: Buffer) => intervalValue(negated(finiteInterval(bytes))),
  interval_mul: multiply,
  mul_d_interval: (factor: number, bytes: Buffer) => multiply(bytes, factor),
  interval_div: divide,
  interval_justify_hours: justified(justifyHours),
  interval_justify_days: justified(justifyDays),
  interval_justify_interval: justified(justifyInterval),
  interval_finite(bytes: Buffer) {
    finiteInterval(bytes);
    return true;
  },
  interval_scale: scaleInterval,
  interval_larger: larger,
  interval_smaller: smaller,
};
