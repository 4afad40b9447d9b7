import type { Interval } from "./interval-fields.ts";
import { trimBlanks } from "./support.ts";

type Field = "year" | "month" | "week" | "day" | "hour" | "minute" | "second";

const UNITS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ["year", "year"],
  ["years", "year"],
  ["mon", "month"],
  ["mons", "month"],
  ["month", "month"],
  ["months", "month"],
  ["week", "week"],
  ["weeks", "week"],
  ["day", "day"],
  ["days", "day"],
  ["hour", "hour"],
  ["hours", "hour"],
  ["min", "minute"],
  ["mins", "minute"],
  ["minute", "minute"],
  ["minutes", "minute"],
  ["sec", "second"],
  ["secs", "second"],
  ["second", "second"],
  ["seconds", "second"],
]);

const QUANTITY = /^([+-]?)(\d{1,10})(?:\.(\d{1,6}))?[ \t]*([a-z]+)(?:[ \t]+|$)/i;
const CLOCK = /^([+-]?)(\d{1,10}):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,6}))?)?$/;
const TIME_FIELDS: readonly Field[] = ["hour", "minute", "second"];
const MICROS: Readonly<Record<"hour" | "minute" | "second", bigint>> = {
  hour: 3_600_000_000n,
  minute: 60_000_000n,
  second: 1_000_000n,
};

/**
 * Reads quantities with units, each unit once, and a time of day at the end: `1 year 2 mons -3 days 04:05:06.7`. Undefined for
 * every other spelling. Under sql_standard one sign may mean several fields: texts with signs are left to PostgreSQL.
 */
export function parseInterval(text: string, style: string): Interval | undefined {
  if (style === "sql_standard" && /[+-]/.test(text)) return undefined;
  let rest = trimBlanks(text);
  if (rest === "") return undefined;
  const seen = new Map<Field, bigint>();
  for (;;) {
    const quantity = QUANTITY.exec(rest);
    if (quantity === null) break;
    const [all, sign, digits = "", decimals = "", unit = ""] = quantity;
    const field = UNITS.get(unit.toLowerCase());
    if (field === undefined || seen.has(field) || (decimals !== "" && field !== "second")) return undefined;
    // Seconds are counted in millionths.
    const amount = field === "second" ? BigInt(digits + decimals.padEnd(6, "0")) : BigInt(digits);
    seen.set(field, sign === "-" ? -amount : amount);
    rest = rest.slice(all.length);
  }
  const clock = rest === "" ? 0n : clockMicros(rest, seen);
  if (clock === undefined) return undefined;
  const amount = (field: Field): bigint => seen.get(field) ?? 0n;
  return {
    months: Number(amount("year") * 12n + amount("month")),
    days: Number(amount("week") * 7n + amount("day")),
    micros: clock + amount("hour") * MICROS.hour + amount("minute") * MICROS.minute + amount("second"),
  };
}

/** The microseconds of a time of day; undefined where its fields have been given by units already. */
function clockMicros(text: string, seen: ReadonlyMap<Field, bigint>): bigint | undefined {
  const match = CLOCK.exec(text);
  if (match === null || TIME_FIELDS.some((field) => seen.has(field))) return undefined;
  const [, sign, hours = "", minutes = "", seconds = "", decimals = ""] = match;
  const micros =
    BigInt(hours) * MICROS.hour +
    BigInt(minutes) * MICROS.minute +
    BigInt(seconds === "" ? 0 : seconds) * MICROS.second +
    BigInt(decimals.padEnd(6, "0"));
  return sign === "-" ? -micros : micros;
}
