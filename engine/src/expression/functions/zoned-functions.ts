import { type Interval, type TimeZoneTable, zoneOffsetAt, zoneOffsetOfLocal } from "@freshet/values";
import { declined } from "../evaluation-error.ts";
import { checkedTimestamp, isInfiniteTimestamp } from "./date-order.ts";
import { truncatedUnit } from "./datetime-units.ts";
import { finiteInterval } from "./interval-arithmetic.ts";
import { minusInterval, plusInterval } from "./interval-moments.ts";
import type { FunctionTable, ScalarImplementation } from "./scalar-function.ts";
import { truncateTimestamp } from "./truncation.ts";

const MICROSECONDS_PER_SECOND = 1_000_000n;

/** The whole second that a moment lies in. */
function secondOf(timestamp: bigint): number {
  const seconds = Number(timestamp / MICROSECONDS_PER_SECOND);
  return timestamp % MICROSECONDS_PER_SECOND < 0n ? seconds - 1 : seconds;
}

/** The offset in microseconds; moments that the table does not reach are left to PostgreSQL. */
function microsOf(offset: number | undefined, zone: TimeZoneTable): bigint {
  if (offset === undefined) throw declined(`a moment outside the years that are known of the zone ${zone.timeZone}`);
  return BigInt(offset) * MICROSECONDS_PER_SECOND;
}

/** `timestamptz AT TIME ZONE zone`. */
function toLocal(zone: TimeZoneTable, instant: bigint): bigint {
  if (isInfiniteTimestamp(instant)) return instant;
  return checkedTimestamp(instant + microsOf(zoneOffsetAt(zone, secondOf(instant)), zone));
}

/** `timestamp AT TIME ZONE zone`. */
function toInstant(zone: TimeZoneTable, local: bigint): bigint {
  if (isInfiniteTimestamp(local)) return local;
  return checkedTimestamp(local - microsOf(zoneOffsetOfLocal(zone, secondOf(local)), zone));
}

/** Shorter units keep the offset, also in an hour that the clock shows twice. */
const SHORT_UNITS: ReadonlySet<string> = new Set(["hour", "minute", "second", "milliseconds", "microseconds"]);

function truncate(zone: TimeZoneTable, field: string, instant: bigint): bigint {
  if (isInfiniteTimestamp(instant)) return truncateTimestamp(field, instant);
  const local = toLocal(zone, instant);
  const truncated = truncateTimestamp(field, local);
  if (SHORT_UNITS.has(truncatedUnit(field))) return checkedTimestamp(truncated + instant - local);
  return toInstant(zone, truncated);
}

/** Months, then days, each counted on the zone's clock; then the time. */
function moved(
  zone: TimeZoneTable,
  instant: bigint,
  { months, days, micros }: Interval,
  move: (timestamp: bigint, interval: Interval) => bigint,
): bigint {
  if (isInfiniteTimestamp(instant)) return instant;
  const parts: readonly Interval[] = [
    { months, days: 0, micros: 0n },
    { months: 0, days, micros: 0n },
  ];
  const calendar = parts
    .filter((part) => part.months !== 0 || part.days !== 0)
    .reduce((moment, part) => toInstant(zone, move(toLocal(zone, moment), part)), instant);
  return move(calendar, { months: 0, days: 0, micros });
}

type Zoned = (zone: TimeZoneTable) => ScalarImplementation;

const ZONED: Readonly<Record<string, (zone: TimeZoneTable) => FunctionTable[string]>> = {
  timestamptz_zone: (zone) => (_name: string, instant: bigint) => toLocal(zone, instant),
  timestamp_zone: (zone) => (_name: string, local: bigint) => toInstant(zone, local),
  timestamptz_trunc_zone: (zone) => (field: string, instant: bigint, _name: string) => truncate(zone, field, instant),
  timestamptz_pl_interval_at_zone: (zone) => (instant: bigint, bytes: Buffer, _name: string) => {
    return moved(zone, instant, finiteInterval(bytes), plusInterval);
  },
  timestamptz_mi_interval_at_zone: (zone) => (instant: bigint, bytes: Buffer, _name: string) => {
    return moved(zone, instant, finiteInterval(bytes), minusInterval);
  },
};

/** The implementation of a function that reckons in the zone whose table the plan holds; undefined when there is none. */
export function findZonedFunction(name: string, zone: TimeZoneTable): ScalarImplementation | undefined {
  const make: Zoned | undefined = ZONED[name];
  return make?.(zone);
}
