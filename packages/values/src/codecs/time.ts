import type { Codec } from "../codec.ts";
import { Oid } from "../oids.ts";
import { bytesCodec } from "./bytes-codec.ts";
import { twoDigits } from "./calendar.ts";
import { encodeInt8, writeInt8Key } from "./integer.ts";
import { ascii, bigintOf, NO_SETTINGS, trimBlanks } from "./support.ts";
import { fixedOffset, offsetText } from "./time-zone.ts";

const MICROS_PER_DAY = 86_400_000_000n;
const SECONDS_PER_DAY = 86_400;
/** Zones are less than 16 hours from UTC. */
const ZONE_END = 57_600;
const SIGN_BIT = 0x8000_0000;

/** `24:00:00` is a time of day, too. */
function isTime(micros: bigint): boolean {
  return micros >= 0n && micros <= MICROS_PER_DAY;
}

export function timeText(micros: bigint): string {
  const total = Number(micros);
  const fraction = total % 1_000_000;
  const seconds = (total - fraction) / 1_000_000;
  const shown = `${twoDigits(Math.floor(seconds / 3600))}:${twoDigits(Math.floor(seconds / 60) % 60)}:${twoDigits(seconds % 60)}`;
  return fraction === 0 ? shown : `${shown}.${String(fraction).padStart(6, "0").replace(/0+$/, "")}`;
}

const TIME = /^(\d{2}):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,6}))?)?$/;
const TIME_WITH_ZONE = /^([\d:.]+)(?: ?(Z|[+-]\d{2}(?::[0-5]\d){0,2}))?$/i;

function parseTime(text: string): bigint | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const seconds = Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3] ?? 0);
  if (seconds > SECONDS_PER_DAY) return undefined;
  const micros = BigInt(seconds) * 1_000_000n + BigInt((match[4] ?? "").padEnd(6, "0"));
  return isTime(micros) ? micros : undefined;
}

/** Microseconds since midnight. */
export const timeCodec: Codec = {
  oid: Oid.time,
  name: "time",
  hasEquality: true,
  imageIsIdentity: true,
  ordered: true,
  textDependsOn: NO_SETTINGS,
  isValid: (bytes) => bytes.length === 8 && isTime(bytes.readBigInt64BE(0)),
  toText: (bytes) => ascii(timeText(bytes.readBigInt64BE(0))),
  fromText(text) {
    const micros = parseTime(trimBlanks(text));
    return micros === undefined ? undefined : encodeInt8(micros);
  },
  writeKey: writeInt8Key,
  decode: (bytes) => bytes.readBigInt64BE(0),
  encode: (value) => encodeInt8(bigintOf(value, "time")),
};

/** A time of day with its zone, in seconds west of UTC. */
export interface ZonedTime {
  readonly micros: bigint;
  readonly zone: number;
}

export function readZonedTime(bytes: Buffer): ZonedTime {
  return { micros: bytes.readBigInt64BE(0), zone: bytes.readInt32BE(8) };
}

export function writeZonedTime({ micros, zone }: ZonedTime): Buffer {
  const bytes = Buffer.allocUnsafe(12);
  bytes.writeBigInt64BE(micros, 0);
  bytes.writeInt32BE(zone, 8);
  return bytes;
}

/** Seconds west of UTC; undefined where it is not certain. */
function parseZone(text: string | undefined, timeZone: string): number | undefined {
  if (text === undefined) {
    const east = fixedOffset(timeZone);
    return east === undefined ? undefined : 0 - east;
  }
  if (text.toUpperCase() === "Z") return 0;
  const [hours = "0", minutes = "0", seconds = "0"] = text.slice(1).split(":");
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  if (total >= ZONE_END) return undefined;
  return text.startsWith("-") ? total : 0 - total;
}

/** Ordered by the moment in UTC, then by the zone, the western one behind. */
export const timetzCodec: Codec = bytesCodec({
  oid: Oid.timetz,
  name: "timetz",
  textDependsOn: NO_SETTINGS,
  isValid(bytes) {
    if (bytes.length !== 12) return false;
    const { micros, zone } = readZonedTime(bytes);
    return isTime(micros) && zone > -ZONE_END && zone < ZONE_END;
  },
  toText(bytes) {
    const { micros, zone } = readZonedTime(bytes);
    return ascii(timeText(micros) + offsetText(0 - zone));
  },
  fromText(text, settings) {
    const match = TIME_WITH_ZONE.exec(trimBlanks(text));
    const micros = parseTime(match?.[1] ?? "");
    const zone = parseZone(match?.[2], settings.timeZone);
    return micros === undefined || zone === undefined ? undefined : writeZonedTime({ micros, zone: zone + 0 });
  },
  writeKey(bytes, out) {
    const { micros, zone } = readZonedTime(bytes);
    writeInt8Key(encodeInt8(micros + BigInt(zone) * 1_000_000n), out);
    out.uint32(zone ^ SIGN_BIT);
  },
});
