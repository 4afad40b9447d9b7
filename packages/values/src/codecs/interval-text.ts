import { twoDigits } from "./calendar.ts";
import type { Interval } from "./interval-fields.ts";

/** An interval's fields as EncodeInterval sees them: every field has the sign of what it was taken from. */
interface Fields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly micro: number;
}

const MICROS_PER_HOUR = 3_600_000_000n;
const MICROS_PER_MINUTE = 60_000_000n;
const MICROS_PER_SECOND = 1_000_000n;

/** Without a negative zero. */
function whole(value: number): number {
  return value + 0;
}

function fieldsOf({ months, days, micros }: Interval): Fields {
  const inHour = micros % MICROS_PER_HOUR;
  const inMinute = inHour % MICROS_PER_MINUTE;
  return {
    year: whole(Math.trunc(months / 12)),
    month: whole(months % 12),
    day: days,
    hour: Number(micros / MICROS_PER_HOUR),
    minute: Number(inHour / MICROS_PER_MINUTE),
    second: Number(inMinute / MICROS_PER_SECOND),
    micro: Number(inMinute % MICROS_PER_SECOND),
  };
}

/** PostgreSQL's text of a finite interval under an IntervalStyle; undefined for a style that is not known. */
export function intervalText(interval: Interval, style: string): string | undefined {
  const fields = fieldsOf(interval);
  switch (style) {
    case "postgres":
      return postgresText(fields);
    case "postgres_verbose":
      return verboseText(fields);
    case "sql_standard":
      return sqlText(fields);
    case "iso_8601":
      return isoText(fields);
    default:
      return undefined;
  }
}

/** Seconds without sign, with their decimals; two digits before the point where `padded`. */
function secondsText({ second, micro }: Fields, padded: boolean): string {
  const shown = padded ? twoDigits(Math.abs(second)) : String(Math.abs(second));
  return micro === 0 ? shown : `${shown}.${String(Math.abs(micro)).padStart(6, "0").replace(/0+$/, "")}`;
}

function isNegativeTime({ hour, minute, second, micro }: Fields): boolean {
  return hour < 0 || minute < 0 || second < 0 || micro < 0;
}

function hasTime({ hour, minute, second, micro }: Fields): boolean {
  return hour !== 0 || minute !== 0 || second !== 0 || micro !== 0;
}

function clock(fields: Fields, hourDigits: number): string {
  const hour = String(Math.abs(fields.hour)).padStart(hourDigits, "0");
  return `${hour}:${twoDigits(Math.abs(fields.minute))}:${secondsText(fields, true)}`;
}

function postgresText(fields: Fields): string {
  const parts: string[] = [];
  // A positive field behind a negative one gets a sign.
  let before = false;
  const units = [
    [fields.year, "year"],
    [fields.month, "mon"],
    [fields.day, "day"],
  ] as const;
  for (const [value, unit] of units) {
    if (value === 0) continue;
    parts.push(`${before && value > 0 ? "+" : ""}${value} ${unit}${value === 1 ? "" : "s"}`);
    before = value < 0;
  }
  if (parts.length === 0 || hasTime(fields)) {
    const sign = isNegativeTime(fields) ? "-" : before ? "+" : "";
    parts.push(`${sign}${clock(fields, 2)}`);
  }
  return parts.join(" ");
}

function verboseText(fields: Fields): string {
  let text = "@";
  // The first field that is not zero decides whether the whole is shown as "ago".
  let ago: boolean | undefined;
  const units = [
    [fields.year, "year"],
    [fields.month, "mon"],
    [fields.day, "day"],
    [fields.hour, "hour"],
    [fields.minute, "min"],
  ] as const;
  for (const [value, unit] of units) {
    if (value === 0) continue;
    ago ??= value < 0;
    const shown = ago ? -value : value;
    text += ` ${shown} ${unit}${shown === 1 ? "" : "s"}`;
  }
  if (fields.second !== 0 || fields.micro !== 0) {
    const negative = fields.second < 0 || fields.micro < 0;
    ago ??= negative;
    const plural = Math.abs(fields.second) !== 1 || fields.micro !== 0;
    text += ` ${negative === ago ? "" : "-"}${secondsText(fields, false)} sec${plural ? "s" : ""}`;
  }
  if (ago === undefined) return `${text} 0`;
  return ago ? `${text} ago` : text;
}

function sqlText(fields: Fields): string {
  const { year, month, day } = fields;
  const values = Object.values(fields) as readonly number[];
  const negative = values.some((value) => value < 0);
  const positive = values.some((value) => value > 0);
  if (!negative && !positive) return "0";
  const yearMonth = year !== 0 || month !== 0;
  const dayTime = day !== 0 || hasTime(fields);
  if ((negative && positive) || (yearMonth && dayTime)) {
    const sign = (minus: boolean): string => (minus ? "-" : "+");
    const months = `${sign(year < 0 || month < 0)}${Math.abs(year)}-${Math.abs(month)}`;
    return `${months} ${sign(day < 0)}${Math.abs(day)} ${sign(isNegativeTime(fields))}${clock(fields, 1)}`;
  }
  const sign = negative ? "-" : "";
  if (yearMonth) return `${sign}${Math.abs(year)}-${Math.abs(month)}`;
  return day === 0 ? `${sign}${clock(fields, 1)}` : `${sign}${Math.abs(day)} ${clock(fields, 1)}`;
}

function isoText(fields: Fields): string {
  const part = (value: number, unit: string): string => (value === 0 ? "" : `${value}${unit}`);
  const date = part(fields.year, "Y") + part(fields.month, "M") + part(fields.day, "D");
  if (!hasTime(fields)) return date === "" ? "PT0S" : `P${date}`;
  let time = part(fields.hour, "H") + part(fields.minute, "M");
  if (fields.second !== 0 || fields.micro !== 0) {
    time += `${fields.second < 0 || fields.micro < 0 ? "-" : ""}${secondsText(fields, false)}S`;
  }
  return `P${date}T${time}`;
}
