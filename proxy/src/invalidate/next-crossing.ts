import type { ClockMoment, ClockThreshold } from "@freshet/sql";

/**
 * How long an answer is kept at most that hangs on the clock. Within it no moment goes back and forth unseen: time zones
 * do not change twice, nor do days of different months begin twice.
 */
const LONGEST = "INTERVAL '30 minutes'";

/**
 * SQL for the seconds from `now`, a timestamptz in SQL, until one of the thresholds passes a value of its column, as far as the transaction's snapshot has
 * rows; NULL without thresholds. A moment with days, months or a time zone in it moves as the clock does but for the hours in which
 * the clock or the calendar jumps: where it does not until then, the answer is not kept (0).
 */
export function nextCrossing(thresholds: readonly ClockThreshold[], now: string = "pg_catalog.now()"): string {
  if (thresholds.length === 0) return "NULL";
  const waits = thresholds.map((threshold) => waitFor(threshold, now));
  const steady = thresholds.filter(({ moment }) => jumps(moment)).map((threshold) => movesAsTheClock(threshold, now));
  const seconds = "EXTRACT(epoch FROM w.wait)";
  const kept = steady.length === 0 ? seconds : `CASE WHEN ${steady.join(" AND ")} THEN ${seconds} ELSE 0 END`;
  return `(SELECT (${kept})::pg_catalog.text FROM (SELECT LEAST(${[LONGEST, ...waits].join(", ")}) AS wait) AS w)`;
}

/** The least distance from the moment to a value that it has not passed; NULL when there is none. */
function waitFor(threshold: ClockThreshold, now: string): string {
  const { table, only, column, absolute } = threshold;
  const value = compared(`q.${column}`, absolute);
  const moment = compared(momentAt(threshold.moment, now), absolute);
  return `((SELECT pg_catalog.min(${value}) FROM ${only ? "ONLY " : ""}${table} AS q
    WHERE ${value} OPERATOR(pg_catalog.>=) ${moment} AND pg_catalog.isfinite(${value})) OPERATOR(pg_catalog.-) ${moment})`;
}

function movesAsTheClock({ moment, absolute }: ClockThreshold, now: string): string {
  const later = compared(momentAt(moment, `(${now} OPERATOR(pg_catalog.+) w.wait)`), absolute);
  const before = compared(momentAt(moment, now), absolute);
  return `(${later} OPERATOR(pg_catalog.-) ${before}) OPERATOR(pg_catalog.=) w.wait`;
}

function jumps({ base, offsets }: ClockMoment): boolean {
  return base !== "now" || offsets.some((offset) => / (months|days)$/.test(offset));
}

/** `time`: SQL for a timestamptz. */
function momentAt({ base, zone, offsets }: ClockMoment, time: string): string {
  const begin = base === "now" ? time : base === "local" ? compared(time, false) : atZone(zone ?? "", time);
  const sum = (moment: string, offset: string): string => `(${moment} OPERATOR(pg_catalog.+) INTERVAL '${offset}')`;
  return offsets.reduce(sum, begin);
}

function atZone(zone: string, time: string): string {
  return `pg_catalog.timezone('${zone.replaceAll("'", "''")}', ${time})`;
}

/** As what comparisons of both see them. */
function compared(value: string, absolute: boolean): string {
  return `CAST(${value} AS pg_catalog.${absolute ? "timestamptz" : "timestamp"})`;
}
