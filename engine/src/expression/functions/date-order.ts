import { EvaluationError, EvaluationState } from "../evaluation-error.ts";

export const MICROSECONDS_PER_DAY: bigint = 86_400_000_000n;

/** date's infinities, in days. */
export const DATE_INFINITY = 0x7fffffff;
export const DATE_NEGATIVE_INFINITY = -0x80000000;
/** timestamp's infinities, in microseconds. */
export const TIMESTAMP_INFINITY: bigint = 0x7fffffffffffffffn;
export const TIMESTAMP_NEGATIVE_INFINITY: bigint = -0x8000000000000000n;

export function isInfiniteTimestamp(timestamp: bigint): boolean {
  return timestamp === TIMESTAMP_INFINITY || timestamp === TIMESTAMP_NEGATIVE_INFINITY;
}

/** Julian day 0 up to and excluding 294277-01-01. */
const FIRST_TIMESTAMP = -211_813_488_000_000_000n;
const TIMESTAMP_END = 9_223_371_331_200_000_000n;

/** A finite timestamp; an error for what lies outside timestamp's range. */
export function checkedTimestamp(timestamp: bigint): bigint {
  if (timestamp >= FIRST_TIMESTAMP && timestamp < TIMESTAMP_END) return timestamp;
  throw new EvaluationError(EvaluationState.datetimeFieldOverflow, "timestamp out of range");
}

/** A date as the timestamp of its midnight, also where timestamp's own range ends before it. */
export function midnight(date: number): bigint {
  if (date === DATE_INFINITY) return TIMESTAMP_INFINITY;
  if (date === DATE_NEGATIVE_INFINITY) return TIMESTAMP_NEGATIVE_INFINITY;
  return BigInt(date) * MICROSECONDS_PER_DAY;
}

/**
 * Date against timestamp. A date beyond timestamp's range is above every finite timestamp and
 * below infinity, which its unbounded midnight would overtake.
 */
export function compareDateTimestamp(date: number, timestamp: bigint): number {
  const at = midnight(date);
  if (timestamp === TIMESTAMP_INFINITY) return date === DATE_INFINITY ? 0 : -1;
  return at < timestamp ? -1 : at > timestamp ? 1 : 0;
}

export function compareTimestampDate(timestamp: bigint, date: number): number {
  return -compareDateTimestamp(date, timestamp);
}
