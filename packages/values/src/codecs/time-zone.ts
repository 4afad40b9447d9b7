import { twoDigits } from "./calendar.ts";
import { type TimeZoneTable, zoneOffsetAt } from "./zone-table.ts";

/** Zones of the tz database that have always been UTC (links of Etc/UTC and Etc/GMT), in lower case. */
const UTC_ZONES: ReadonlySet<string> = new Set([
  "utc",
  "uct",
  "zulu",
  "universal",
  "gmt",
  "gmt0",
  "gmt+0",
  "gmt-0",
  "greenwich",
  "etc/utc",
  "etc/uct",
  "etc/zulu",
  "etc/universal",
  "etc/gmt",
  "etc/gmt0",
  "etc/gmt+0",
  "etc/gmt-0",
  "etc/greenwich",
]);

/** `Etc/GMT+5`: hours west of Greenwich. */
const ETC_ZONE = /^etc\/gmt([+-])(\d{1,2})$/;
/** The form in which SET TIME ZONE <number or interval> is shown, e.g. `<+02>-02`: seconds of POSIX sign. */
const POSIX_ZONE = /^<[+-]\d{2}(?::\d{2}){0,2}>([+-]?)(\d{2})(?::(\d{2}))?(?::(\d{2}))?$/;

/**
 * Seconds east of UTC of a time zone whose offset has never changed; undefined where that is not certain
 * without a tz database.
 */
export function fixedOffset(timeZone: string): number | undefined {
  if (timeZone !== lastZone) {
    lastOffset = readFixedOffset(timeZone);
    lastZone = timeZone;
  }
  return lastOffset;
}

/** The zone that was asked for last: whoever shows many moments asks for the same again and again. */
let lastZone = "UTC";
let lastOffset: number | undefined = 0;

function readFixedOffset(timeZone: string): number | undefined {
  const zone = timeZone.toLowerCase();
  if (UTC_ZONES.has(zone)) return 0;
  const etc = ETC_ZONE.exec(zone);
  if (etc !== null) {
    const hours = Number(etc[2]);
    if (hours > (etc[1] === "+" ? 12 : 14) || String(hours) !== etc[2]) return undefined;
    return (etc[1] === "+" ? -hours : hours) * 3600;
  }
  const posix = POSIX_ZONE.exec(zone);
  if (posix === null) return undefined;
  const seconds = Number(posix[2]) * 3600 + Number(posix[3] ?? 0) * 60 + Number(posix[4] ?? 0);
  return posix[1] === "-" ? seconds : -seconds;
}

/** `+02`, `-03:30`, `+00:19:32`: seconds east of UTC as ISO output shows them. */
export function offsetText(offset: number): string {
  const total = Math.abs(offset);
  const minutes = Math.floor(total / 60) % 60;
  const seconds = total % 60;
  let text = `${offset < 0 ? "-" : "+"}${twoDigits(Math.floor(total / 3600))}`;
  if (minutes !== 0 || seconds !== 0) text += `:${twoDigits(minutes)}`;
  return seconds === 0 ? text : `${text}:${twoDigits(seconds)}`;
}

/** What an offset is taken from. */
interface ZoneSettings {
  readonly timeZone: string;
  readonly zoneTable: TimeZoneTable | null;
}

/** Seconds east of UTC at a moment; undefined where that is not certain. */
export function offsetAt(settings: ZoneSettings, moment: number): number | undefined {
  const table = settings.zoneTable;
  if (table === null || table.timeZone !== settings.timeZone) return fixedOffset(settings.timeZone);
  return zoneOffsetAt(table, moment);
}

/** No zone is further than a day from UTC: an offset that holds for a local time holds within a day of it in UTC. */
const SECONDS_PER_DAY = 86_400;

/** The offset of a local time that the clock shows exactly once; undefined for one that it leaves out or shows twice. */
export function offsetOfLocal(settings: ZoneSettings, local: number): number | undefined {
  const around = [-1, 0, 1].map((days) => offsetAt(settings, local + days * SECONDS_PER_DAY));
  const table = settings.zoneTable;
  if (around.includes(undefined) || table === null) return fixedOffset(settings.timeZone);
  const near = table.offsets.filter((_offset, index) => {
    const [from, to] = [table.moments[index] ?? Infinity, table.moments[index + 1] ?? Infinity];
    return from <= local + SECONDS_PER_DAY && to >= local - SECONDS_PER_DAY;
  });
  const fitting = [...new Set(near)].filter((offset) => offsetAt(settings, local - offset) === offset);
  return fitting.length === 1 ? fitting[0] : undefined;
}
