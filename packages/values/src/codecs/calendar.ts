import type { ByteWriter } from "../byte-writer.ts";

/** Days of the proleptic Gregorian calendar, counted from 2000-01-01; years are astronomical (0 is 1 BC). */

export interface CalendarDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Days from 0000-03-01 to 2000-01-01. */
const EPOCH_OFFSET = 730_425;
const DAYS_PER_ERA = 146_097;

/** Eras of 400 years beginning in March: leap days come last. */
export function daysFromDate({ year, month, day }: CalendarDate): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_PER_ERA + dayOfEra - EPOCH_OFFSET;
}

export function dateFromDays(days: number): CalendarDate {
  const shifted = days + EPOCH_OFFSET;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export function isCalendarDate({ year, month, day }: CalendarDate): boolean {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const length = month === 2 && leap ? 29 : MONTH_DAYS[month - 1];
  return length !== undefined && day >= 1 && day <= length;
}

export function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

/** ISO date without era; years have at least four digits. `isBeforeChrist` says whether ` BC` belongs behind. */
export function isoDate({ year, month, day }: CalendarDate): string {
  const shown = year > 0 ? year : 1 - year;
  return `${String(shown).padStart(4, "0")}-${twoDigits(month)}-${twoDigits(day)}`;
}

/** 0001-01-01 up to and excluding 10000-01-01: years of four digits, without era. */
export const PLAIN_DAYS: number = daysFromDate({ year: 1, month: 1, day: 1 });
export const END_PLAIN_DAYS: number = daysFromDate({ year: 10_000, month: 1, day: 1 });

const HYPHEN = 0x2d;

/** Appends the ISO date of plain days. */
export function writeIsoDate(days: number, out: ByteWriter): void {
  const { year, month, day } = dateFromDays(days);
  out.digits(year, 4);
  out.byte(HYPHEN);
  out.digits(month, 2);
  out.byte(HYPHEN);
  out.digits(day, 2);
}

export function isBeforeChrist(date: CalendarDate): boolean {
  return date.year <= 0;
}

/** The year that ISO text means: `0044 BC` is -43; there is no year 0. */
export function astronomicalYear(shown: number, beforeChrist: boolean): number | undefined {
  if (shown === 0) return undefined;
  return beforeChrist ? 1 - shown : shown;
}
