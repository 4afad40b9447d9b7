import { declined } from "../evaluation-error.ts";
import { civilDate, dayOfWeek, daysOf, isoWeek, isoWeekStart } from "./calendar.ts";
import { splitTimestamp } from "./date-fields.ts";
import { isInfiniteTimestamp } from "./date-order.ts";
import { type FormatPart, parseDateFormat } from "./format-parsing.ts";
import { withEnding } from "./ordinals.ts";
import type { FunctionTable } from "./scalar-function.ts";

const MONTHS = "January February March April May June July August September October November December".split(" ");
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const ROMAN = "I II III IV V VI VII VIII IX X XI XII".split(" ");
const JULIAN_EPOCH = 2_451_545;

/** What the fields of a format are taken from. Year 0 is 1 BC. */
interface Moment {
  readonly days: number;
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly micros: number;
}

function momentOf(timestamp: bigint): Moment {
  const { days, time } = splitTimestamp(timestamp);
  const seconds = Math.floor(time / 1e6);
  const [hour, minute, second] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return { days, ...civilDate(days), hour, minute, second, micros: time % 1e6 };
}

/** A number, filled with zeros to a width. */
interface NumberField {
  readonly value: number;
  readonly width: number;
}

const shownYear = (year: number): number => (year <= 0 ? 1 - year : year);
const dayOfYear = ({ days, year }: Moment): number => days - daysOf(year, 1, 1) + 1;
const isoYear = ({ days }: Moment): number => shownYear(isoWeek(days).year);

function isoDayOfYear({ days }: Moment): number {
  const { week } = isoWeek(days);
  return (week - 1) * 7 + days - isoWeekStart(days) + 1;
}

function century({ year }: Moment): NumberField {
  const value = year > 0 ? Math.trunc((year - 1) / 100) + 1 : Math.trunc(year / 100) - 1;
  return { value, width: Math.abs(value) > 99 ? 0 : value < 0 ? 3 : 2 };
}

const field = (width: number, value: (moment: Moment) => number): ((moment: Moment) => NumberField) => {
  return (moment) => ({ value: value(moment), width });
};

/** Fields that are numbers, by keyword. */
const NUMBERS: Readonly<Record<string, (moment: Moment) => NumberField>> = {
  hh: field(2, ({ hour }) => hour % 12 || 12),
  hh12: field(2, ({ hour }) => hour % 12 || 12),
  hh24: field(2, ({ hour }) => hour),
  mi: field(2, ({ minute }) => minute),
  ss: field(2, ({ second }) => second),
  mm: field(2, ({ month }) => month),
  ddd: field(3, dayOfYear),
  iddd: field(3, isoDayOfYear),
  dd: field(2, ({ day }) => day),
  d: field(0, ({ days }) => dayOfWeek(days) + 1),
  id: field(0, ({ days }) => dayOfWeek(days) || 7),
  ww: field(2, (moment) => Math.floor((dayOfYear(moment) - 1) / 7) + 1),
  iw: field(2, ({ days }) => isoWeek(days).week),
  q: field(0, ({ month }) => Math.floor((month - 1) / 3) + 1),
  w: field(0, ({ day }) => Math.floor((day - 1) / 7) + 1),
  j: field(0, ({ days }) => days + JULIAN_EPOCH),
  cc: century,
  yyyy: field(4, ({ year }) => shownYear(year)),
  yyy: field(3, ({ year }) => shownYear(year) % 1000),
  yy: field(2, ({ year }) => shownYear(year) % 100),
  y: field(1, ({ year }) => shownYear(year) % 10),
  iyyy: field(4, isoYear),
  iyy: field(3, (moment) => isoYear(moment) % 1000),
  iy: field(2, (moment) => isoYear(moment) % 100),
  i: field(1, (moment) => isoYear(moment) % 10),
};

/** Fields that are numbers of a fixed number of digits, also under FM. */
const DIGITS: Readonly<Record<string, (moment: Moment) => string>> = {
  ms: ({ micros }) => String(Math.floor(micros / 1000)).padStart(3, "0"),
  us: ({ micros }) => String(micros).padStart(6, "0"),
  ssss: ({ hour, minute, second }) => String((hour * 60 + minute) * 60 + second),
  sssss: ({ hour, minute, second }) => String((hour * 60 + minute) * 60 + second),
  "y,yyy": ({ year }) => {
    const shown = shownYear(year);
    return `${Math.floor(shown / 1000)},${String(shown % 1000).padStart(3, "0")}`;
  },
  ...Object.fromEntries(
    [1, 2, 3, 4, 5, 6].map((count) => [
      `ff${count}`,
      ({ micros }: Moment) => String(micros).padStart(6, "0").slice(0, count),
    ]),
  ),
};

/** Words, in the case of their keyword; `width` without FM. */
const WORDS: Readonly<Record<string, { readonly width: number; readonly word: (moment: Moment) => string }>> = {
  month: { width: 9, word: ({ month }) => MONTHS[month - 1] ?? "" },
  mon: { width: 0, word: ({ month }) => (MONTHS[month - 1] ?? "").slice(0, 3) },
  day: { width: 9, word: ({ days }) => DAYS[dayOfWeek(days)] ?? "" },
  dy: { width: 0, word: ({ days }) => (DAYS[dayOfWeek(days)] ?? "").slice(0, 3) },
  rm: { width: 4, word: ({ month }) => ROMAN[month - 1] ?? "" },
  am: { width: 0, word: ({ hour }) => (hour >= 12 ? "PM" : "AM") },
  ad: { width: 0, word: ({ year }) => (year <= 0 ? "BC" : "AD") },
  "a.m.": { width: 0, word: ({ hour }) => (hour >= 12 ? "P.M." : "A.M.") },
  "a.d.": { width: 0, word: ({ year }) => (year <= 0 ? "B.C." : "A.D.") },
};
const SYNONYMS: Readonly<Record<string, string>> = { pm: "am", bc: "ad", "p.m.": "a.m.", "b.c.": "a.d." };

function inCase(word: string, keyword: string): string {
  if (keyword === keyword.toLowerCase()) return word.toLowerCase();
  return keyword === keyword.toUpperCase() ? word.toUpperCase() : word;
}

function partText(part: FormatPart, moment: Moment): string {
  if (part.kind === "text") return part.text;
  const { fill, ordinal } = part;
  const keyword = part.keyword.toLowerCase();
  const number = NUMBERS[keyword]?.(moment);
  if (number !== undefined) {
    const digits = String(Math.abs(number.value)).padStart(fill ? number.width - (number.value < 0 ? 1 : 0) : 0, "0");
    return withEnding((number.value < 0 ? "-" : "") + digits, ordinal);
  }
  const digits = DIGITS[keyword]?.(moment);
  if (digits !== undefined) return withEnding(digits, ordinal);
  const word = WORDS[SYNONYMS[keyword] ?? keyword];
  // FX matters to reading alone.
  return word === undefined ? "" : inCase(word.word(moment), part.keyword).padEnd(fill ? word.width : 0);
}

const parsed = new Map<string, readonly FormatPart[] | null>();
const MAX_PARSED = 500;

function partsOf(format: string): readonly FormatPart[] {
  let parts = parsed.get(format);
  if (parts === undefined) {
    parts = parseDateFormat(format);
    if (parsed.size >= MAX_PARSED) parsed.clear();
    parsed.set(format, parts);
  }
  if (parts === null) throw declined("to_char() with TM, TZ or OF");
  return parts;
}

/** `to_char(timestamp, format)`. */
function formatTimestamp(timestamp: bigint, format: string): string | null {
  if (format === "" || isInfiniteTimestamp(timestamp)) return null;
  const moment = momentOf(timestamp);
  return partsOf(format)
    .map((part) => partText(part, moment))
    .join("");
}

export const DATE_FORMATTING: FunctionTable = { timestamp_to_char: formatTimestamp };
