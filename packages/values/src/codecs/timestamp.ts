import type { ByteWriter } from "../byte-writer.ts";
import type { Codec, TextSettings, Value } from "../codec.ts";
import { Oid } from "../oids.ts";
import {
  dateFromDays,
  END_PLAIN_DAYS,
  isBeforeChrist,
  isoDate,
  PLAIN_DAYS,
  twoDigits,
  writeIsoDate,
} from "./calendar.ts";
import { infinityWord, isIsoStyle, parseIsoDate } from "./date.ts";
import { encodeInt8, writeInt8Key } from "./integer.ts";
import { ascii, bigintOf, trimBlanks } from "./support.ts";
import { offsetAt, offsetOfLocal, offsetText } from "./time-zone.ts";

const INFINITY = (1n << 63n) - 1n;
const MINUS_INFINITY = -(1n << 63n);
/** Julian day 0 up to and excluding 294277-01-01. */
const MIN_TIMESTAMP = -211_813_488_000_000_000n;
const END_TIMESTAMP = 9_223_371_331_200_000_000n;

const MICROS_PER_SECOND = 1_000_000n;
const SECONDS_PER_DAY = 86_400;

function isFinite(micros: bigint): boolean {
  return micros >= MIN_TIMESTAMP && micros < END_TIMESTAMP;
}

function isTimestamp(bytes: Buffer): boolean {
  if (bytes.length !== 8) return false;
  const micros = bytes.readBigInt64BE(0);
  return isFinite(micros) || micros === INFINITY || micros === MINUS_INFINITY;
}

/** The whole second that a moment lies in. */
function secondsOf(micros: bigint): number {
  const seconds = Number(micros / MICROS_PER_SECOND);
  return micros % MICROS_PER_SECOND < 0n ? seconds - 1 : seconds;
}

/** ISO output of a local time; `zone` is put behind the time of day, before the era. */
function timestampText(micros: bigint, offset: number, zone: string): string {
  if (micros === INFINITY) return "infinity";
  if (micros === MINUS_INFINITY) return "-infinity";
  let fraction = Number(micros % MICROS_PER_SECOND);
  let seconds = Number(micros / MICROS_PER_SECOND);
  if (fraction < 0) {
    fraction += 1_000_000;
    seconds--;
  }
  seconds += offset;
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  const ofDay = seconds - days * SECONDS_PER_DAY;
  const date = dateFromDays(days);
  const time = `${twoDigits(Math.floor(ofDay / 3600))}:${twoDigits(Math.floor(ofDay / 60) % 60)}:${twoDigits(ofDay % 60)}`;
  const decimals = fraction === 0 ? "" : `.${String(fraction).padStart(6, "0").replace(/0+$/, "")}`;
  return `${isoDate(date)} ${time}${decimals}${zone}${isBeforeChrist(date) ? " BC" : ""}`;
}

/** Moments whose microseconds a number holds exactly: about 285 years on both sides of 2000. */
const MAX_PLAIN_HIGH = 0x1f_ffff;
const COLON = 0x3a;

/** Appends a timestamp's text, for moments that a number holds; false for the others. */
function writePlainText(
  source: Buffer,
  at: number,
  out: ByteWriter,
  offsetOf: (seconds: number) => number | undefined,
  zoneOf: (offset: number) => string,
): boolean {
  const high = source.readInt32BE(at);
  if (high < -MAX_PLAIN_HIGH || high > MAX_PLAIN_HIGH) return false;
  const micros = high * 0x1_0000_0000 + source.readUInt32BE(at + 4);
  const second = Math.floor(micros / 1_000_000);
  const offset = offsetOf(second);
  if (offset === undefined) return false;
  const local = second + offset;
  const days = Math.floor(local / SECONDS_PER_DAY);
  if (days < PLAIN_DAYS || days >= END_PLAIN_DAYS) return false;
  const ofDay = local - days * SECONDS_PER_DAY;
  writeIsoDate(days, out);
  out.byte(0x20);
  out.digits(Math.floor(ofDay / 3600), 2);
  out.byte(COLON);
  out.digits(Math.floor(ofDay / 60) % 60, 2);
  out.byte(COLON);
  out.digits(ofDay % 60, 2);
  writeFraction(micros - second * 1_000_000, out);
  out.ascii(zoneOf(offset));
  return true;
}

/** Up to six decimals, without zeros behind. */
function writeFraction(fraction: number, out: ByteWriter): void {
  if (fraction === 0) return;
  let count = 6;
  let rest = fraction;
  while (rest % 10 === 0) {
    rest /= 10;
    count--;
  }
  out.byte(0x2e);
  out.digits(rest, count);
}

const NO_OFFSET = (): number => 0;
const NO_ZONE = (): string => "";

/** The text by way of a string: what is not plain. */
function writeWholeText(text: Buffer | undefined, out: ByteWriter): boolean {
  if (text !== undefined) out.bytes(text);
  return text !== undefined;
}

/** Date, time of day, up to six decimals, zone, era. */
const ISO_TIMESTAMP =
  /^(\d{4,6}-\d{2}-\d{2})(?:[ T]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d{2}(?::?[0-5]\d)?)?)?( BC)?$/i;

interface LocalTimestamp {
  readonly micros: bigint;
  /** Explicit offset in seconds east of UTC. */
  readonly offset: number | undefined;
}

function parseIsoTimestamp(text: string): LocalTimestamp | undefined {
  const match = ISO_TIMESTAMP.exec(text);
  if (match === null) return undefined;
  const days = parseIsoDate(`${match[1]}${match[7] ?? ""}`);
  if (days === undefined) return undefined;
  const seconds = Number(match[2] ?? 0) * 3600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
  const fraction = Number((match[5] ?? "").padEnd(6, "0"));
  const micros = BigInt(days * SECONDS_PER_DAY + seconds) * MICROS_PER_SECOND + BigInt(fraction);
  const offset = parseOffset(match[6]);
  return offset === null ? undefined : { micros, offset };
}

/** Undefined when absent, null when out of PostgreSQL's bounds (below 16 hours). */
function parseOffset(text: string | undefined): number | undefined | null {
  if (text === undefined) return undefined;
  if (text.toUpperCase() === "Z") return 0;
  const hours = Number(text.slice(1, 3));
  if (hours > 15) return null;
  const seconds = hours * 3600 + Number(text.slice(3).replace(":", "")) * 60;
  return text.startsWith("-") ? -seconds : seconds;
}

/** The shared input path; `offsetOf` gives the seconds east of UTC to take off, undefined when not certain. */
function fromIsoText(text: string, offsetOf: (local: LocalTimestamp) => number | undefined): Buffer | undefined {
  const trimmed = trimBlanks(text);
  const infinite = infinityWord(trimmed);
  if (infinite !== 0) return encodeInt8(infinite > 0 ? INFINITY : MINUS_INFINITY);
  const local = parseIsoTimestamp(trimmed);
  if (local === undefined) return undefined;
  const offset = offsetOf(local);
  if (offset === undefined) return undefined;
  const micros = local.micros - BigInt(offset) * MICROS_PER_SECOND;
  // Near the limits PostgreSQL also checks the local time: only what is in range in both is understood.
  return isFinite(micros) && isFinite(local.micros) ? encodeInt8(micros) : undefined;
}

const COMMON = {
  hasEquality: true,
  imageIsIdentity: true,
  ordered: true,
  isValid: isTimestamp,
  writeKey: writeInt8Key,
  decode: (bytes: Buffer) => bytes.readBigInt64BE(0),
  encode: (value: Value) => encodeInt8(bigintOf(value, "timestamp")),
} as const;

/** Microseconds since 2000-01-01 as int64; its ends are the infinities. */
export const timestampCodec: Codec = {
  ...COMMON,
  oid: Oid.timestamp,
  name: "timestamp",
  textDependsOn: ["dateStyle"],
  toText: (bytes, settings) =>
    isIsoStyle(settings) ? ascii(timestampText(bytes.readBigInt64BE(0), 0, "")) : undefined,
  writeText(source, start, end, out, settings) {
    if (isIsoStyle(settings) && writePlainText(source, start, out, NO_OFFSET, NO_ZONE)) return true;
    return writeWholeText(timestampCodec.toText(source.subarray(start, end), settings), out);
  },
  /** An explicit offset would be dropped without a word by PostgreSQL: left to it. */
  fromText: (text) => fromIsoText(text, ({ offset }) => (offset === undefined ? 0 : undefined)),
};

/** The same in UTC; shown in the session's time zone. */
export const timestamptzCodec: Codec = {
  ...COMMON,
  oid: Oid.timestamptz,
  name: "timestamptz",
  textDependsOn: ["dateStyle", "timeZone", "zoneTable"],
  toText(bytes, settings: TextSettings) {
    const micros = bytes.readBigInt64BE(0);
    // Infinities have no offset.
    const isInfinite = micros === INFINITY || micros === MINUS_INFINITY;
    const offset = isInfinite ? 0 : offsetAt(settings, secondsOf(micros));
    if (offset === undefined || !isIsoStyle(settings)) return undefined;
    return ascii(timestampText(micros, offset, offsetText(offset)));
  },
  writeText(source, start, end, out, settings) {
    const offsetOf = (seconds: number): number | undefined => offsetAt(settings, seconds);
    if (isIsoStyle(settings) && writePlainText(source, start, out, offsetOf, offsetText)) return true;
    return writeWholeText(timestamptzCodec.toText(source.subarray(start, end), settings), out);
  },
  fromText: (text, settings) =>
    fromIsoText(text, ({ micros, offset }) => offset ?? offsetOfLocal(settings, secondsOf(micros))),
};
