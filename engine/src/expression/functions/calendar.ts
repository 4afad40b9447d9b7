import { type CalendarDate, dateFromDays, daysFromDate } from "@freshet/values";

/** The calendar date of a day counted from 2000-01-01; year 0 is 1 BC. */
export function civilDate(days: number): CalendarDate {
  return dateFromDays(days);
}

/** Days from 2000-01-01 to a date; the day may run past its month. */
export function daysOf(year: number, month: number, day: number): number {
  return daysFromDate({ year, month, day });
}

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** 0 for Sunday. 2000-01-01 was a Saturday. */
export function dayOfWeek(days: number): number {
  return (((days + 6) % 7) + 7) % 7;
}

/** First day (Monday) of the ISO week that holds `days`. */
export function isoWeekStart(days: number): number {
  return days - ((dayOfWeek(days) + 6) % 7);
}

/** The ISO year and week that hold `days`: those of the week's Thursday. */
export function isoWeek(days: number): { readonly year: number; readonly week: number } {
  const thursday = isoWeekStart(days) + 3;
  const { year } = civilDate(thursday);
  return { year, week: Math.floor((thursday - daysOf(year, 1, 1)) / 7) + 1 };
}
