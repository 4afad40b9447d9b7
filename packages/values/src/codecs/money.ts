import type { Codec, TextSettings } from "../codec.ts";
import { Oid } from "../oids.ts";
import { encodeInt8, writeInt8Key } from "./integer.ts";
import { ascii, bigintOf, trimBlanks } from "./support.ts";

/** Locales that write dollars with two decimals, the sign in front: what PostgreSQL does where a locale says nothing. */
const DOLLARS = /^(?:C|POSIX|C\.utf-?8|en_US(?:\.utf-?8)?)$/i;
const MONEY = /^(-?)\$?(\d{1,16}|\d{1,3}(?:,\d{3}){1,5})(?:\.(\d{2}))?$/;
const MAX = (1n << 63n) - 1n;
const MIN = -(1n << 63n);

function hasDollars(settings: TextSettings): boolean {
  return DOLLARS.test(settings.lcMonetary);
}

function moneyText(cents: bigint): string {
  const digits = (cents < 0n ? -cents : cents).toString().padStart(3, "0");
  const dollars = digits.slice(0, -2).replace(/\B(?=(?:\d{3})+$)/g, ",");
  return `${cents < 0n ? "-" : ""}$${dollars}.${digits.slice(-2)}`;
}

/** Hundredths of the currency's unit as int64. */
export const moneyCodec: Codec = {
  oid: Oid.money,
  name: "money",
  hasEquality: true,
  imageIsIdentity: true,
  ordered: true,
  textDependsOn: ["lcMonetary"],
  isValid: (bytes) => bytes.length === 8,
  toText: (bytes, settings) => (hasDollars(settings) ? ascii(moneyText(bytes.readBigInt64BE(0))) : undefined),
  fromText(text, settings) {
    const match = hasDollars(settings) ? MONEY.exec(trimBlanks(text)) : null;
    if (match === null) return undefined;
    const digits = BigInt((match[2] ?? "").replaceAll(",", "") + (match[3] ?? "00"));
    const cents = match[1] === "-" ? -digits : digits;
    return cents > MAX || cents < MIN ? undefined : encodeInt8(cents);
  },
  writeKey: writeInt8Key,
  decode: (bytes) => bytes.readBigInt64BE(0),
  encode: (value) => encodeInt8(bigintOf(value, "money")),
};
