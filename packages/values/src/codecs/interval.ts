import type { Codec } from "../codec.ts";
import type { KeyWriter } from "../key-writer.ts";
import { Oid } from "../oids.ts";
import { bytesCodec } from "./bytes-codec.ts";
import { infinityWord } from "./date.ts";
import type { Interval } from "./interval-fields.ts";
import { parseInterval } from "./interval-input.ts";
import { intervalText } from "./interval-text.ts";
import { ascii, trimBlanks } from "./support.ts";

const BYTES = 16;
const INT32_MAX = 0x7fff_ffff;
const INT32_MIN = -0x8000_0000;
const INT64_MAX: bigint = (1n << 63n) - 1n;
const INT64_MIN: bigint = -(1n << 63n);
const MICROS_PER_DAY = 86_400_000_000n;
const DAYS_PER_MONTH = 30n;
/** Makes every span positive. */
const KEY_OFFSET = 1n << 95n;

/** From version 17 on; before, these fields are an interval like others. */
export const INTERVAL_INFINITY: Interval = { months: INT32_MAX, days: INT32_MAX, micros: INT64_MAX };
export const INTERVAL_NEGATIVE_INFINITY: Interval = { months: INT32_MIN, days: INT32_MIN, micros: INT64_MIN };
/** `server_version_num` of the first server with infinite intervals. */
const FIRST_WITH_INFINITY = 170_000;

export function readInterval(bytes: Buffer): Interval {
  return { micros: bytes.readBigInt64BE(0), days: bytes.readInt32BE(8), months: bytes.readInt32BE(12) };
}

/** The send format; undefined when a field is out of range. */
export function writeInterval({ months, days, micros }: Interval): Buffer | undefined {
  const fits =
    months >= INT32_MIN &&
    months <= INT32_MAX &&
    days >= INT32_MIN &&
    days <= INT32_MAX &&
    micros >= INT64_MIN &&
    micros <= INT64_MAX;
  if (!fits) return undefined;
  const bytes = Buffer.allocUnsafe(BYTES);
  bytes.writeBigInt64BE(micros, 0);
  bytes.writeInt32BE(days, 8);
  bytes.writeInt32BE(months, 12);
  return bytes;
}

/** 1 or -1 for the infinities, else 0. */
export function intervalInfinity({ months, days, micros }: Interval): 1 | -1 | 0 {
  if (months === INT32_MAX && days === INT32_MAX && micros === INT64_MAX) return 1;
  return months === INT32_MIN && days === INT32_MIN && micros === INT64_MIN ? -1 : 0;
}

/** What comparisons see: a month has 30 days, a day 24 hours. */
export function intervalSpan({ months, days, micros }: Interval): bigint {
  return micros + (BigInt(days) + BigInt(months) * DAYS_PER_MONTH) * MICROS_PER_DAY;
}

function writeKey(bytes: Buffer, out: KeyWriter): void {
  const key = intervalSpan(readInterval(bytes)) + KEY_OFFSET;
  out.uint32(Number(key >> 64n));
  out.uint32(Number((key >> 32n) & 0xffff_ffffn));
  out.uint32(Number(key & 0xffff_ffffn));
}

/** int64 microseconds, int32 days, int32 months. Equal spans may be different intervals (1 month, 30 days). */
export const intervalCodec: Codec = bytesCodec({
  oid: Oid.interval,
  name: "interval",
  imageIsIdentity: false,
  textDependsOn: ["intervalStyle", "serverVersion"],
  isValid: (bytes) => bytes.length === BYTES,
  toText(bytes, settings) {
    const interval = readInterval(bytes);
    const infinity = intervalInfinity(interval);
    if (infinity !== 0 && settings.serverVersion >= FIRST_WITH_INFINITY)
      return ascii(infinity > 0 ? "infinity" : "-infinity");
    const text = intervalText(interval, settings.intervalStyle);
    return text === undefined ? undefined : ascii(text);
  },
  fromText(text, settings) {
    const infinite = infinityWord(trimBlanks(text));
    if (infinite !== 0) {
      if (settings.serverVersion < FIRST_WITH_INFINITY) return undefined;
      return writeInterval(infinite > 0 ? INTERVAL_INFINITY : INTERVAL_NEGATIVE_INFINITY);
    }
    const interval = parseInterval(text, settings.intervalStyle);
    if (interval === undefined) return undefined;
    const bytes = writeInterval(interval);
    return bytes !== undefined && intervalInfinity(interval) === 0 ? bytes : undefined;
  },
  writeKey,
});
