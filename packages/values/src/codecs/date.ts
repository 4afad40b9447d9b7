import type { Codec, TextSettings } from "../codec.ts";
import { Oid } from "../oids.ts";
import {
  astronomicalYear,
  dateFromDays,
  daysFromDate,
  END_PLAIN_DAYS,
  isBeforeChrist,
  isCalendarDate,
  isoDate,
  PLAIN_DAYS,
  writeIsoDate,
} from "./calendar.ts";
import { encodeInt4, writeInt4Key } from "./integer.ts";
import { ascii, numberOf, trimBlanks } from "./support.ts";

const INFINITY = 0x7fff_ffff;
const MINUS_INFINITY = -0x8000_0000;
/** 4714-11-24 BC (Julian day 0) up to and excluding 5874898-06-03, the types' limits. */
const MIN_DATE = -2_451_545;
const END_DATE = 2_145_031_949;

const ISO_DATE = /^(\d{4,7})-(\d{2})-(\d{2})( BC)?$/i;

/** Whether dates are shown in the ISO style, the only one given here. */
export function isIsoStyle(settings: TextSettings): boolean {
  const { dateStyle } = settings;
  return dateStyle === "ISO, MDY" || /^ISO\b/i.test(dateStyle);
}

/** Whether a word means infinity: 1 or -1; else 0. */
export function infinityWord(text: string): 1 | -1 | 0 {
  const word = text.toLowerCase();
  return word === "infinity" ? 1 : word === "-infinity" ? -1 : 0;
}

function isDate(days: number): boolean {
  return (days >= MIN_DATE && days < END_DATE) || days === INFINITY || days === MINUS_INFINITY;
}

function dateText(days: number): string {
  if (days === INFINITY) return "infinity";
  if (days === MINUS_INFINITY) return "-infinity";
  const date = dateFromDays(days);
  return `${isoDate(date)}${isBeforeChrist(date) ? " BC" : ""}`;
}

/** The days of an ISO date text (with ` BC` where it applies); undefined for everything else. */
export function parseIsoDate(text: string): number | undefined {
  const match = ISO_DATE.exec(text);
  if (match === null) return undefined;
  const year = astronomicalYear(Number(match[1]), match[4] !== undefined);
  if (year === undefined) return undefined;
  const date = { year, month: Number(match[2]), day: Number(match[3]) };
  return isCalendarDate(date) ? daysFromDate(date) : undefined;
}

/** Days since 2000-01-01 as int32; its ends are the infinities. */
export const dateCodec: Codec = {
  oid: Oid.date,
  name: "date",
  hasEquality: true,
  imageIsIdentity: true,
  ordered: true,
  textDependsOn: ["dateStyle"],
  isValid: (bytes) => bytes.length === 4 && isDate(bytes.readInt32BE(0)),
  toText: (bytes, settings) => (isIsoStyle(settings) ? ascii(dateText(bytes.readInt32BE(0))) : undefined),
  writeText(source, start, _end, out, settings) {
    if (!isIsoStyle(settings)) return false;
    const days = source.readInt32BE(start);
    if (days >= PLAIN_DAYS && days < END_PLAIN_DAYS) writeIsoDate(days, out);
    else out.ascii(dateText(days));
    return true;
  },
  fromText(text) {
    const trimmed = trimBlanks(text);
    const infinite = infinityWord(trimmed);
    if (infinite !== 0) return encodeInt4(infinite > 0 ? INFINITY : MINUS_INFINITY);
    const days = parseIsoDate(trimmed);
    return days === undefined || !isDate(days) ? undefined : encodeInt4(days);
  },
  writeKey: writeInt4Key,
  decode: (bytes) => bytes.readInt32BE(0),
  encode: (value) => encodeInt4(numberOf(value, "date")),
};
