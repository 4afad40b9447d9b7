import type { Decimal, Interval } from "@freshet/values";
import { declined } from "../evaluation-error.ts";
import { finiteInterval } from "./interval-arithmetic.ts";
import type { FunctionTable } from "./scalar-function.ts";

const MICROS_PER_SECOND = 1_000_000n;
const SECONDS_PER_DAY = 86_400;
/** PostgreSQL's year of an interval's epoch has 365.25 days; counted in quarters of a day, that is whole. */
const QUARTER_DAYS_PER_YEAR = 1461n;
const QUARTER_DAYS_PER_MONTH = 120n;
const SECONDS_PER_QUARTER_DAY = 21_600n;

function scaledDecimal(unscaled: bigint, scale: number): Decimal {
  return { kind: "finite", unscaled, scale };
}

function years({ months }: Interval): number {
  return Math.trunc(months / 12) + 0;
}

/** Microseconds within the minute. */
function secondMicros({ micros }: Interval): bigint {
  return micros % 60_000_000n;
}

function epochMicros({ months, days, micros }: Interval): bigint {
  const quarters =
    QUARTER_DAYS_PER_YEAR * BigInt(Math.trunc(months / 12)) +
    QUARTER_DAYS_PER_MONTH * BigInt(months % 12) +
    4n * BigInt(days);
  return quarters * SECONDS_PER_QUARTER_DAY * MICROS_PER_SECOND + micros;
}

/** Fields that are whole numbers. */
function wholeField(field: string, interval: Interval): number | undefined {
  switch (field) {
    case "minute":
      return Number((interval.micros / 60_000_000n) % 60n);
    case "hour":
      return Number(interval.micros / 3_600_000_000n);
    case "day":
      return interval.days;
    case "month":
      return (interval.months % 12) + 0;
    case "year":
      return years(interval);
    case "decade":
      return Math.trunc(years(interval) / 10) + 0;
    case "century":
      return Math.trunc(years(interval) / 100) + 0;
    case "millennium":
      return Math.trunc(years(interval) / 1000) + 0;
    default:
      return undefined;
  }
}

/** `extract(field from interval)`. What weeks and quarters are has changed with version 18. */
function extractInterval(field: string, bytes: Buffer): Decimal {
  const interval = finiteInterval(bytes);
  const whole = wholeField(field, interval);
  if (whole !== undefined) return scaledDecimal(BigInt(whole), 0);
  switch (field) {
    case "microseconds":
      return scaledDecimal(secondMicros(interval), 0);
    case "milliseconds":
      return scaledDecimal(secondMicros(interval), 3);
    case "second":
      return scaledDecimal(secondMicros(interval), 6);
    case "epoch":
      return scaledDecimal(epochMicros(interval), 6);
    default:
      throw declined(`extract(${field} from interval)`);
  }
}

/** `date_part(field, interval)`, in the floating-point steps that PostgreSQL takes. */
function intervalPart(field: string, bytes: Buffer): number {
  const interval = finiteInterval(bytes);
  const whole = wholeField(field, interval);
  if (whole !== undefined) return whole;
  const seconds = Number(secondMicros(interval) / MICROS_PER_SECOND);
  const micros = Number(secondMicros(interval) % MICROS_PER_SECOND);
  const { months } = interval;
  switch (field) {
    case "microseconds":
      return seconds * 1_000_000 + micros;
    case "milliseconds":
      return seconds * 1000 + micros / 1000;
    case "second":
      return seconds + micros / 1_000_000;
    case "epoch": {
      const time = Number(interval.micros) / 1_000_000;
      const ofYears = 365.25 * SECONDS_PER_DAY * Math.trunc(months / 12);
      return time + ofYears + 30 * SECONDS_PER_DAY * (months % 12) + SECONDS_PER_DAY * interval.days;
    }
    default:
      throw declined(`date_part('${field}', interval)`);
  }
}

export const INTERVAL_FIELDS: FunctionTable = { extract_interval: extractInterval, interval_part: intervalPart };
