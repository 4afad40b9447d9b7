import {
  type Interval,
  intervalInfinity,
  intervalSpan,
  readInterval,
  readZonedTime,
  type Value,
  type ZonedTime,
} from "@freshet/values";
import { midnight } from "../expression/functions/date-order.ts";
import { addIntervals, subtractIntervals } from "../expression/functions/interval-arithmetic.ts";
import { minusInterval, movedBy, plusInterval, timestampOf } from "../expression/functions/interval-moments.ts";
import { unsupported } from "../expression/unsupported.ts";
import { negativeOffset } from "./negative-offset.ts";
import type { InRange } from "./range-test.ts";

/** Fails where `base - offset` (`sub`) or `base + offset` is beyond the type's range, as PostgreSQL does. */
export type BoundCheck = (base: Value, sub: boolean) => void;

const MICROSECONDS_PER_SECOND = 1_000_000n;

/** Infinite offsets came with version 17. */
function finiteOffset(offset: Value): Interval {
  const interval = readInterval(offset as Buffer);
  if (intervalInfinity(interval) !== 0) throw unsupported("an infinite RANGE offset");
  if (intervalSpan(interval) < 0n) throw negativeOffset();
  return interval;
}

function moved(base: bigint, interval: Interval, sub: boolean): bigint {
  return sub ? minusInterval(base, interval) : plusInterval(base, interval);
}

function opposite({ months, days, micros }: Interval): Interval {
  return { months: -months, days: -days, micros: -micros };
}

function compare(at: bigint, bound: bigint, less: boolean): boolean {
  return less ? at <= bound : at >= bound;
}

/** Bounds beyond the type's range are compared as if there was none: the row fails by its check, and others go by it in order. */
function momentInRange(offset: Value, timestampOf: (value: Value) => bigint): InRange {
  const forward = finiteOffset(offset);
  const back = opposite(forward);
  return (value, base, sub, less) => {
    return compare(timestampOf(value), movedBy(timestampOf(base), sub ? back : forward), less);
  };
}

function timestampInRange(offset: Value): InRange {
  return momentInRange(offset, (value) => value as bigint);
}

function dateInRange(offset: Value): InRange {
  return momentInRange(offset, (value) => midnight(value as number));
}

/** Days and months of an instant are counted in the session's time zone; hours are not. */
function instantOffset(offset: Value): Interval {
  const interval = finiteOffset(offset);
  if (interval.months === 0 && interval.days === 0) return interval;
  throw unsupported("a RANGE offset of days or months over timestamptz, which hangs on the session's TimeZone,");
}

function instantInRange(offset: Value): InRange {
  instantOffset(offset);
  return timestampInRange(offset);
}

/** Intervals are compared by their spans, to which their parts add up. */
function intervalInRange(offset: Value): InRange {
  const distance = intervalSpan(finiteOffset(offset));
  return (value, base, sub, less) => {
    const from = readInterval(base as Buffer);
    const span = intervalSpan(from);
    const bound = intervalInfinity(from) !== 0 ? span : sub ? span - distance : span + distance;
    return compare(intervalSpan(readInterval(value as Buffer)), bound, less);
  };
}

/** Of the offset to a time of day only its time counts; midnight is not passed. */
function timeOffset(offset: Value): bigint {
  const { micros } = readInterval(offset as Buffer);
  if (micros < 0n) throw negativeOffset();
  return micros;
}

function timeInRange(offset: Value): InRange {
  const micros = timeOffset(offset);
  return (value, base, sub, less) => {
    return compare(value as bigint, sub ? (base as bigint) - micros : (base as bigint) + micros, less);
  };
}

/** In UTC, and then by the zone. */
function compareZoned(a: ZonedTime, b: ZonedTime): number {
  const [left, right] = [a, b].map(({ micros, zone }) => micros + BigInt(zone) * MICROSECONDS_PER_SECOND) as [
    bigint,
    bigint,
  ];
  return left === right ? a.zone - b.zone : left < right ? -1 : 1;
}

function zonedTimeInRange(offset: Value): InRange {
  const distance = timeOffset(offset);
  return (value, base, sub, less) => {
    const { micros, zone } = readZonedTime(base as Buffer);
    const order = compareZoned(readZonedTime(value as Buffer), {
      micros: sub ? micros - distance : micros + distance,
      zone,
    });
    return less ? order <= 0 : order >= 0;
  };
}

export const MOMENTS_IN_RANGE: readonly (readonly [string, (offset: Value) => InRange])[] = [
  ["in_range_timestamp_interval", timestampInRange],
  ["in_range_timestamptz_interval", instantInRange],
  ["in_range_date_interval", dateInRange],
  ["in_range_interval_interval", intervalInRange],
  ["in_range_time_interval", timeInRange],
  ["in_range_timetz_interval", zonedTimeInRange],
];

/** What fails at a row whose bound is beyond its type's range; null where none can be. */
export function compileBoundCheck(symbol: string, offset: Value): BoundCheck | null {
  switch (symbol) {
    case "in_range_timestamp_interval":
    case "in_range_timestamptz_interval": {
      const interval = finiteOffset(offset);
      return (base, sub) => void moved(base as bigint, interval, sub);
    }
    case "in_range_date_interval": {
      const interval = finiteOffset(offset);
      return (base, sub) => void moved(timestampOf(base as number), interval, sub);
    }
    case "in_range_interval_interval":
      return (base, sub) => {
        const [from, distance] = [base as Buffer, offset as Buffer];
        if (sub) subtractIntervals(from, distance);
        else addIntervals(from, distance);
      };
    default:
      return null;
  }
}

/**
 * Whether a later row's bound is never before an earlier one's. Months take the 30th and the 31st of a month to the same day of another, each at its
 * own time of day: PostgreSQL's frames then hang on its walk, which never goes back.
 */
export function movesMonotonically(symbol: string, offset: Value): boolean {
  return symbol !== "in_range_timestamp_interval" || readInterval(offset as Buffer).months === 0;
}
