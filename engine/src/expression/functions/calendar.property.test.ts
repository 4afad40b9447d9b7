import fc from "fast-check";
import { expect, test } from "vitest";
import { civilDate, dayOfWeek, daysInMonth, daysOf, isoWeek, isoWeekStart } from "./calendar.ts";

/** All of PostgreSQL's dates. */
const days = fc.integer({ min: -2_451_545, max: 2_145_031_948 });

test("days and calendar dates map one to one", () => {
  fc.assert(
    fc.property(days, (day) => {
      const date = civilDate(day);
      expect(daysOf(date.year, date.month, date.day)).toBe(day);
      expect(date.day).toBeLessThanOrEqual(daysInMonth(date.year, date.month));
    }),
  );
});

test("within JavaScript's range the calendar is that of Date", () => {
  fc.assert(
    fc.property(fc.integer({ min: -700_000, max: 2_900_000 }), (day) => {
      const date = new Date((day + 10_957) * 86_400_000);
      expect(civilDate(day)).toEqual({
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
      });
      expect(dayOfWeek(day)).toBe(date.getUTCDay());
    }),
  );
});

test("a week begins on a Monday and is the same for its seven days", () => {
  fc.assert(
    fc.property(days, (day) => {
      const monday = isoWeekStart(day);
      expect(dayOfWeek(monday)).toBe(1);
      expect(day - monday).toBeLessThan(7);
      expect(isoWeek(monday)).toEqual(isoWeek(day));
    }),
  );
});
