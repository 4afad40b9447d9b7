import { fixedOffset, readZonedTime, writeZonedTime } from "@freshet/values";
import { declined, EvaluationError, EvaluationState } from "../evaluation-error.ts";
import { extractTimestamp, timestampPart } from "./date-fields.ts";
import { makeDate } from "./date-functions.ts";
import {
  checkedTimestamp,
  isInfiniteTimestamp,
  MICROSECONDS_PER_DAY,
  TIMESTAMP_INFINITY,
  TIMESTAMP_NEGATIVE_INFINITY,
} from "./date-order.ts";
import { finiteInterval } from "./interval-arithmetic.ts";
import type { FunctionTable, NullableBuilder } from "./scalar-function.ts";
import { truncateTimestamp } from "./truncation.ts";

const UNIX_EPOCH_MICROSECONDS = 946_684_800_000_000n;

/** Microseconds east of UTC of a zone that has always had one offset; the others need a tz database. */
function offsetOf(zone: string): bigint {
  const seconds = fixedOffset(zone);
  if (seconds === undefined) throw declined(`the time zone "${zone}"`);
  return BigInt(seconds) * 1_000_000n;
}

/** `timestamptz AT TIME ZONE zone`. */
function toLocal(zone: string, instant: bigint): bigint {
  const offset = offsetOf(zone);
  return isInfiniteTimestamp(instant) ? instant : checkedTimestamp(instant + offset);
}

/** `timestamp AT TIME ZONE zone`. */
function toInstant(zone: string, local: bigint): bigint {
  const offset = offsetOf(zone);
  return isInfiniteTimestamp(local) ? local : checkedTimestamp(local - offset);
}

function truncateInZone(field: string, instant: bigint, zone: string): bigint {
  const offset = offsetOf(zone);
  if (isInfiniteTimestamp(instant)) return truncateTimestamp(field, instant);
  return checkedTimestamp(truncateTimestamp(field, instant + offset) - offset);
}

/** Microseconds east of UTC of a zone given as an interval, in whole seconds. */
function intervalOffset(bytes: Buffer): bigint {
  const { months, days, micros } = finiteInterval(bytes);
  if (months === 0 && days === 0) return (micros / 1_000_000n) * 1_000_000n;
  throw new EvaluationError(
    EvaluationState.invalidParameterValue,
    "an interval that is a time zone must not have months or days",
  );
}

/** Unless the interval is infinite, which only newer servers know, an infinite moment does not look at it. */
function shifted(bytes: Buffer, moment: bigint, sign: 1n | -1n): bigint {
  if (isInfiniteTimestamp(moment)) return moment;
  return checkedTimestamp(moment + sign * intervalOffset(bytes));
}

function timeInZone(zone: Buffer, bytes: Buffer): Buffer {
  const offset = intervalOffset(zone);
  const time = readZonedTime(bytes);
  const micros = (time.micros + BigInt(time.zone) * 1_000_000n + offset) % MICROSECONDS_PER_DAY;
  const ofDay = micros < 0n ? micros + MICROSECONDS_PER_DAY : micros;
  return writeZonedTime({ micros: ofDay, zone: -Number(offset / 1_000_000n) + 0 });
}

/** Seconds are rounded to microseconds; 60 of them are the next minute. */
function makeTimestamp(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  seconds: number,
): bigint {
  const days = makeDate(year, month, day);
  const isTime = hour >= 0 && minute >= 0 && minute < 60 && seconds >= 0 && seconds <= 60;
  if (!isTime || hour > 24 || (hour === 24 && (minute > 0 || seconds > 0))) {
    throw new EvaluationError(EvaluationState.datetimeFieldOverflow, "time field value out of range");
  }
  const scaled = seconds * 1e6;
  if (Math.abs(scaled - Math.trunc(scaled)) === 0.5) throw declined("seconds between two microseconds");
  const time = BigInt((hour * 60 + minute) * 60) * 1_000_000n + BigInt(Math.round(scaled));
  return checkedTimestamp(BigInt(days) * MICROSECONDS_PER_DAY + time);
}

/** `to_timestamp(float8)`, of seconds since 1970. */
function fromUnixSeconds(seconds: number): bigint {
  if (seconds === Infinity) return TIMESTAMP_INFINITY;
  if (seconds === -Infinity) return TIMESTAMP_NEGATIVE_INFINITY;
  // Only whole seconds come out the same however the server rounds.
  if (!Number.isSafeInteger(seconds)) throw declined("to_timestamp() of a fraction of a second");
  return checkedTimestamp(BigInt(seconds) * 1_000_000n - UNIX_EPOCH_MICROSECONDS);
}

/** The one field of a timestamptz that no time zone changes. */
function checkEpoch(field: string): void {
  if (field.toLowerCase() !== "epoch") throw declined(`the field "${field}" of a timestamptz`);
}

export const ZONE_FUNCTIONS: FunctionTable = {
  timestamptz_zone: toLocal,
  timestamp_zone: toInstant,
  timestamptz_trunc_zone: truncateInZone,
  timestamptz_izone: (zone: Buffer, instant: bigint) => shifted(zone, instant, 1n),
  timestamp_izone: (zone: Buffer, local: bigint) => shifted(zone, local, -1n),
  timetz_izone: timeInZone,
  make_timestamp: makeTimestamp,
  float8_timestamptz: fromUnixSeconds,
  extract_timestamptz: (field: string, instant: bigint) => {
    checkEpoch(field);
    return extractTimestamp("epoch", instant);
  },
  timestamptz_part: (field: string, instant: bigint) => {
    checkEpoch(field);
    return timestampPart("epoch", instant);
  },
};

type Moment = bigint | null;

/** `(a, b) OVERLAPS (c, d)`: ends in any order; NULL only where a missing end could decide. */
function overlaps(a: Moment, b: Moment, c: Moment, d: Moment): boolean | null {
  const first = inOrder(a, b);
  const second = inOrder(c, d);
  if (first === null || second === null) return null;
  const [[start1, end1], [start2, end2]] = [first, second];
  if (start1 === start2) return end1 === null || end2 === null ? null : true;
  const [laterStart, earlierEnd] = start1 > start2 ? [start1, end2] : [start2, end1];
  const laterEnd = start1 > start2 ? end1 : end2;
  if (earlierEnd === null) return null;
  if (laterStart < earlierEnd) return true;
  return laterEnd === null ? null : false;
}

/** The earlier end first; a NULL behind. Null when both are NULL. */
function inOrder(a: Moment, b: Moment): readonly [bigint, Moment] | null {
  if (a === null) return b === null ? null : [b, null];
  return b !== null && b < a ? [b, a] : [a, b];
}

export const OVERLAPS: Readonly<Record<string, NullableBuilder>> = {
  overlaps_timestamp: () => overlaps,
  overlaps_time: () => overlaps,
};
