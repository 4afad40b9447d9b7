import { expect, test } from "vitest";
import { type TimeZoneTable, zoneOffsetAt, zoneOffsetOfLocal } from "./zone-table.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;
const SPRING = 100 * DAY;
const AUTUMN = 300 * DAY;

/** One hour east of UTC; two between spring and autumn. */
const TABLE: TimeZoneTable = {
  timeZone: "Some/Where",
  begin: 0,
  end: 400 * DAY,
  moments: [0, SPRING, AUTUMN],
  offsets: [HOUR, 2 * HOUR, HOUR],
};

test("an offset holds from its moment on", () => {
  expect([SPRING - 1, SPRING, AUTUMN - 1, AUTUMN].map((moment) => zoneOffsetAt(TABLE, moment))).toEqual([
    HOUR,
    2 * HOUR,
    2 * HOUR,
    HOUR,
  ]);
  expect([-1, 0, 400 * DAY - 1, 400 * DAY].map((moment) => zoneOffsetAt(TABLE, moment))).toEqual([
    undefined,
    HOUR,
    HOUR,
    undefined,
  ]);
});

test("a local time that the clock leaves out is read by the offset before the change", () => {
  const gap = SPRING + HOUR;
  expect([gap - 1, gap, gap + HOUR - 1, gap + HOUR].map((local) => zoneOffsetOfLocal(TABLE, local))).toEqual([
    HOUR,
    HOUR,
    HOUR,
    2 * HOUR,
  ]);
});

test("a local time that the clock shows twice is read by the offset behind the change", () => {
  const overlap = AUTUMN + HOUR;
  expect([overlap - 1, overlap, overlap + HOUR - 1].map((local) => zoneOffsetOfLocal(TABLE, local))).toEqual([
    2 * HOUR,
    HOUR,
    HOUR,
  ]);
});

test("a local time too near to the table's ends has no offset that is certain", () => {
  expect([DAY - 1, DAY].map((local) => zoneOffsetOfLocal(TABLE, local))).toEqual([undefined, HOUR]);
  expect([398 * DAY - 1, 398 * DAY].map((local) => zoneOffsetOfLocal(TABLE, local))).toEqual([HOUR, undefined]);
});
