import { civilDate, daysOf, isoWeekStart } from "./calendar.ts";
import { splitTimestamp } from "./date-fields.ts";
import { checkedTimestamp, isInfiniteTimestamp, MICROSECONDS_PER_DAY } from "./date-order.ts";
import { truncatedUnit, unsupportedUnit } from "./datetime-units.ts";

/** First year of the period of `length` years (the first begins with year 1) that holds `year`; year 0 is 1 BC. */
function periodStart(year: number, length: number): number {
  return Math.floor((year - 1) / length) * length + 1;
}

/** Truncated towards zero: before the common era a decade is named by the year that it ends with. */
function decadeStart(year: number): number {
  return year > 0 ? year - (year % 10) : -Math.floor((8 - (year - 1)) / 10) * 10;
}

/** First day of the period that holds `days`; undefined for a unit that is no period of days. */
function truncatedDay(unit: string, days: number): number | undefined {
  const { year, month } = civilDate(days);
  switch (unit) {
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
      return daysOf(decadeStart(year), 1, 1);
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

/** `date_trunc(unit, timestamp)`. */
export function truncateTimestamp(field: string, timestamp: bigint): bigint {
  const unit = truncatedUnit(field);
  const { days, time } = splitTimestamp(timestamp);
  const micros = TIME_UNITS.get(unit);
  if (micros !== undefined) return isInfiniteTimestamp(timestamp) ? timestamp : timestamp - (BigInt(time) % micros);
  if (isInfiniteTimestamp(timestamp)) {
    if (truncatedDay(unit, 0) === undefined) throw unsupportedUnit(unit, "timestamp");
    return timestamp;
  }
  const day = truncatedDay(unit, days);
  if (day === undefined) throw unsupportedUnit(unit, "timestamp");
  return checkedTimestamp(BigInt(day) * MICROSECONDS_PER_DAY);
}
