import { type Interval, intervalInfinity, readInterval } from "@freshet/values";
import { declined, EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { checkedTimestamp, isInfiniteTimestamp, MICROSECONDS_PER_DAY } from "./date-order.ts";
import { truncatedUnit, unsupportedUnit } from "./datetime-units.ts";
import { floatProduct, roundHalfEven } from "./float-arithmetic.ts";
import { finiteInterval, intervalOutOfRange, intervalValue } from "./interval-arithmetic.ts";
import { minusInterval, plusInterval } from "./interval-moments.ts";
import type { FunctionTable } from "./scalar-function.ts";

const INT64_LIMIT = 2 ** 63;

function datetimeError(message: string): EvaluationError {
  return new EvaluationError(EvaluationState.datetimeFieldOverflow, message);
}

/** `make_interval`. */
function makeInterval(
  years: number,
  months: number,
  weeks: number,
  days: number,
  hours: number,
  minutes: number,
  seconds: number,
): Buffer {
  if (!Number.isFinite(seconds)) throw intervalOutOfRange();
  const ofSeconds = roundHalfEven(floatProduct(seconds, 1_000_000));
  if (ofSeconds < -INT64_LIMIT || ofSeconds >= INT64_LIMIT) throw intervalOutOfRange();
  const micros = (BigInt(hours) * 60n + BigInt(minutes)) * 60_000_000n + BigInt(ofSeconds);
  return intervalValue({ months: years * 12 + months, days: weeks * 7 + days, micros });
}

/** `make_time`: seconds are rounded to microseconds; 60 of them are the next minute. */
function makeTime(hour: number, minute: number, seconds: number): bigint {
  const micros = roundHalfEven(seconds * 1_000_000);
  const isTime = hour >= 0 && hour <= 24 && minute >= 0 && minute < 60 && micros >= 0 && micros <= 60_000_000;
  const time = isTime ? (BigInt(hour) * 60n + BigInt(minute)) * 60_000_000n + BigInt(micros) : -1n;
  if (time < 0n || time > MICROSECONDS_PER_DAY) throw datetimeError("time field value out of range");
  return time;
}

const YEARS: ReadonlyMap<string, number> = new Map([
  ["millennium", 1000],
  ["century", 100],
  ["decade", 10],
  ["year", 1],
]);
const TIMES: ReadonlyMap<string, bigint> = new Map([
  ["hour", 3_600_000_000n],
  ["minute", 60_000_000n],
  ["second", 1_000_000n],
  ["milliseconds", 1000n],
  ["microseconds", 1n],
]);

function truncated(unit: string, { months, days, micros }: Interval): Interval {
  const years = YEARS.get(unit);
  const time = TIMES.get(unit);
  const none = { days: 0, micros: 0n };
  if (years !== undefined) return { ...none, months: months - (months % (12 * years)) };
  if (time !== undefined) return { months, days, micros: micros - (micros % time) };
  if (unit === "quarter") return { ...none, months: months - (months % 3) };
  if (unit === "month") return { ...none, months };
  if (unit === "day") return { ...none, months, days };
  throw unsupportedUnit(unit, "interval");
}

/** `date_trunc(unit, interval)`: towards zero. */
function truncateInterval(word: string, bytes: Buffer): Buffer {
  return intervalValue(truncated(truncatedUnit(word), finiteInterval(bytes)));
}

/** `date_bin(stride, moment, origin)`. */
function bin(stride: Buffer, moment: bigint, origin: bigint): bigint {
  if (isInfiniteTimestamp(moment)) return moment;
  if (isInfiniteTimestamp(origin)) throw datetimeError("origin out of range");
  const interval = readInterval(stride);
  if (intervalInfinity(interval) !== 0) throw declined("date_bin() with an infinite stride");
  if (interval.months !== 0) {
    throw new EvaluationError(
      EvaluationState.featureNotSupported,
      "timestamps cannot be binned into intervals containing months or years",
    );
  }
  const micros = BigInt(interval.days) * MICROSECONDS_PER_DAY + interval.micros;
  if (micros <= 0n) throw datetimeError("stride must be greater than zero");
  const distance = moment - origin;
  if (BigInt.asIntN(64, micros) !== micros || BigInt.asIntN(64, distance) !== distance) throw intervalOutOfRange();
  const rest = distance % micros;
  // Older minor versions put such moments one stride too early.
  if (rest === 0n && moment < origin)
    throw declined("date_bin() of a moment that is a multiple of the stride before the origin");
  return checkedTimestamp(moment - rest - (rest < 0n ? micros : 0n));
}

/** Days and months of an instant are counted in the session's time zone; plans hold such calls with hours alone. */
function hoursOnly(bytes: Buffer): Interval {
  const interval = finiteInterval(bytes);
  if (interval.months === 0 && interval.days === 0) return interval;
  throw declined("days or months added to a timestamptz");
}

export const INTERVAL_MAKING: FunctionTable = {
  make_interval: makeInterval,
  make_time: makeTime,
  interval_trunc: truncateInterval,
  timestamp_bin: bin,
  timestamptz_bin: bin,
  timestamptz_pl_interval: (instant: bigint, bytes: Buffer) => plusInterval(instant, hoursOnly(bytes)),
  timestamptz_mi_interval: (instant: bigint, bytes: Buffer) => minusInterval(instant, hoursOnly(bytes)),
};
