import { type Decimal, finiteDecimal, readZonedTime } from "@freshet/values";
import { integerToDecimal } from "../numeric/conversion.ts";
import { timeField } from "./date-fields.ts";
import { extractedUnit, unsupportedUnit } from "./datetime-units.ts";
import type { FunctionTable } from "./scalar-function.ts";

const MICROSECONDS_PER_SECOND = 1_000_000n;

/** The same in the floating-point steps that PostgreSQL takes. */
function timePart(unit: string, micros: bigint, epoch: number): number | undefined {
  const inMinute = Number(micros % 60_000_000n);
  const [seconds, fraction] = [Math.floor(inMinute / 1e6), inMinute % 1e6];
  switch (unit) {
    case "epoch":
      return epoch;
    case "hour":
      return Number(micros / 3_600_000_000n);
    case "minute":
      return Number((micros / 60_000_000n) % 60n);
    case "second":
      return seconds + fraction / 1e6;
    case "milliseconds":
      return seconds * 1000 + fraction / 1000;
    case "microseconds":
      return inMinute;
    default:
      return undefined;
  }
}

/** Fields of a zone that is `zone` seconds west of UTC. */
function zoneField(unit: string, zone: number): number | undefined {
  switch (unit) {
    case "timezone":
      return 0 - zone;
    case "timezone_hour":
      return Math.trunc(-zone / 3600) + 0;
    case "timezone_minute":
      return (Math.trunc(-zone / 60) % 60) + 0;
    default:
      return undefined;
  }
}

function required<T>(value: T | undefined, unit: string, type: string): T {
  if (value === undefined) throw unsupportedUnit(unit, type);
  return value;
}

function extractTime(word: string, micros: bigint): Decimal {
  const unit = extractedUnit(word);
  if (unit === "epoch") return finiteDecimal(micros, 6);
  return required(timeField(unit, Number(micros)), unit, "time without time zone");
}

function extractZonedTime(word: string, bytes: Buffer): Decimal {
  const unit = extractedUnit(word);
  const { micros, zone } = readZonedTime(bytes);
  if (unit === "epoch") return finiteDecimal(micros + BigInt(zone) * MICROSECONDS_PER_SECOND, 6);
  const ofZone = zoneField(unit, zone);
  if (ofZone !== undefined) return integerToDecimal(ofZone);
  return required(timeField(unit, Number(micros)), unit, "time with time zone");
}

function partOfTime(word: string, micros: bigint): number {
  const unit = extractedUnit(word);
  return required(timePart(unit, micros, Number(micros) / 1e6), unit, "time without time zone");
}

function partOfZonedTime(word: string, bytes: Buffer): number {
  const unit = extractedUnit(word);
  const { micros, zone } = readZonedTime(bytes);
  const value = zoneField(unit, zone) ?? timePart(unit, micros, Number(micros) / 1e6 + zone);
  return required(value, unit, "time with time zone");
}

/** `extract` and `date_part` of times of day. */
export const TIME_FIELDS: FunctionTable = {
  extract_time: extractTime,
  extract_timetz: extractZonedTime,
  time_part: partOfTime,
  timetz_part: partOfZonedTime,
};
