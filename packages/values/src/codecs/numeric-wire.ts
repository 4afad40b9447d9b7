import { FreshetError } from "@freshet/base";
import type { Decimal } from "../codec.ts";
import {
  DECIMAL_INFINITY,
  DECIMAL_NAN,
  DECIMAL_NEGATIVE_INFINITY,
  finiteDecimal,
  formatSpecialDecimal,
  MAX_DISPLAY_SCALE,
  MAX_INTEGER_DIGITS,
  powerOfTen,
} from "../decimal.ts";
import type { KeyWriter } from "../key-writer.ts";

/*
 * numeric's send format: uint16 ndigits, int16 weight, uint16 sign, uint16 dscale, then ndigits base-10000
 * digits as uint16. value = sum of digit[i] * 10000^(weight - i). No zero digit leads or trails.
 */
const HEADER = 8;
const POSITIVE = 0x0000;
const NEGATIVE = 0x4000;
const NAN = 0xc000;
const PLUS_INFINITY = 0xd000;
const MINUS_INFINITY = 0xf000;

/** First byte of a key: the order of the kinds of values. */
const KEY_MINUS_INFINITY = 0;
const KEY_NEGATIVE = 1;
const KEY_ZERO = 2;
const KEY_POSITIVE = 3;
const KEY_INFINITY = 4;
const KEY_NAN = 5;

/** Whether the bytes are numeric's send format in the normal form in which PostgreSQL sends it. */
export function isNumericWire(bytes: Buffer): boolean {
  if (bytes.length < HEADER) return false;
  const count = bytes.readUInt16BE(0);
  const weight = bytes.readInt16BE(2);
  const sign = bytes.readUInt16BE(4);
  const scale = bytes.readUInt16BE(6);
  if (bytes.length !== HEADER + 2 * count) return false;
  if (specialOf(sign) !== undefined) return count === 0 && weight === 0 && scale === specialScale(sign);
  if ((sign !== POSITIVE && sign !== NEGATIVE) || scale > MAX_DISPLAY_SCALE) return false;
  if (count === 0) return weight === 0 && sign === POSITIVE;
  for (let at = HEADER; at < bytes.length; at += 2) if (bytes.readUInt16BE(at) > 9999) return false;
  const last = bytes.readUInt16BE(bytes.length - 2);
  return bytes.readUInt16BE(HEADER) !== 0 && last !== 0 && fitsScale(last, 4 * (count - 1 - weight), scale);
}

/** Whether the last digit, which begins behind `fraction - 4` fraction digits, has none beyond `scale`. */
function fitsScale(last: number, fraction: number, scale: number): boolean {
  const excess = fraction - scale;
  return excess <= 0 || (excess < 4 && last % 10 ** excess === 0);
}

function specialOf(sign: number): Decimal | undefined {
  if (sign === NAN) return DECIMAL_NAN;
  if (sign === PLUS_INFINITY) return DECIMAL_INFINITY;
  return sign === MINUS_INFINITY ? DECIMAL_NEGATIVE_INFINITY : undefined;
}

export function decodeNumericWire(bytes: Buffer): Decimal {
  const count = bytes.readUInt16BE(0);
  const sign = bytes.readUInt16BE(4);
  const special = specialOf(sign);
  if (special !== undefined) return special;
  const scale = bytes.readUInt16BE(6);
  if (count === 0) return finiteDecimal(0n, scale);
  const shift = 4 * (bytes.readInt16BE(2) - count + 1) + scale;
  const small = smallMagnitude(bytes, count, shift);
  const magnitude = small === undefined ? shiftDecimal(readDigits(bytes, count), shift) : BigInt(small);
  return finiteDecimal(sign === NEGATIVE ? -magnitude : magnitude, scale);
}

const NUMBER_POWERS: readonly number[] = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

/** The digits times 10^shift (an integer in normal form), where a number surely holds it exactly; else undefined. */
function smallMagnitude(bytes: Buffer, count: number, shift: number): number | undefined {
  const power = NUMBER_POWERS[Math.abs(shift)];
  if (count > 3 || power === undefined) return undefined;
  let total = 0;
  for (let at = HEADER; at < HEADER + 2 * count; at += 2) total = total * 10_000 + bytes.readUInt16BE(at);
  const magnitude = shift < 0 ? total / power : total * power;
  return Number.isSafeInteger(magnitude) ? magnitude : undefined;
}

/** All digits as one integer, three at a time: what a number holds exactly. */
function readDigits(bytes: Buffer, count: number): bigint {
  const end = HEADER + 2 * count;
  let at = HEADER;
  let total: bigint | undefined;
  while (at < end) {
    let part = 0;
    let base = 1;
    for (const stop = Math.min(end, at + 6); at < stop; at += 2) {
      part = part * 10_000 + bytes.readUInt16BE(at);
      base *= 10_000;
    }
    total = total === undefined ? BigInt(part) : total * BigInt(base) + BigInt(part);
  }
  return total ?? 0n;
}

function shiftDecimal(value: bigint, digits: number): bigint {
  if (digits === 0) return value;
  return digits > 0 ? value * powerOfTen(digits) : value / powerOfTen(-digits);
}

/** Throws PostgreSQL's 22003 for what numeric cannot hold. */
export function encodeNumericWire(value: Decimal): Buffer {
  if (value.kind !== "finite") return encodeSpecial(value.kind);
  const negative = value.unscaled < 0n;
  if (value.scale <= MAX_DISPLAY_SCALE && value.unscaled > -SMALL_UNSCALED && value.unscaled < SMALL_UNSCALED) {
    return encodeSmall(Math.abs(Number(value.unscaled)), value.scale, negative);
  }
  const text = (negative ? -value.unscaled : value.unscaled).toString();
  if (value.scale > MAX_DISPLAY_SCALE || text.length - value.scale > MAX_INTEGER_DIGITS) {
    throw new FreshetError("22003", "value overflows numeric format");
  }
  // Base-10000 digits are aligned to the decimal point: `padding` zeros complete the last one.
  const padding = (4 - (value.scale % 4)) % 4;
  const padded = text + "0".repeat(padding);
  const fractionDigits = (value.scale + padding) / 4;
  const total = Math.ceil(padded.length / 4);
  let count = total;
  while (digitAt(padded, total, count - 1) === 0) count--;
  const bytes = header(count, total - fractionDigits - 1, negative ? NEGATIVE : POSITIVE, value.scale);
  for (let index = 0; index < count; index++) {
    bytes.writeUInt16BE(digitAt(padded, total, index), HEADER + 2 * index);
  }
  return bytes;
}

/** Below this a number holds all digits, also when padded to a whole base-10000 digit. */
const SMALL_UNSCALED = 1_000_000_000_000n;

function encodeSmall(unscaled: number, scale: number, negative: boolean): Buffer {
  if (unscaled === 0) return header(0, 0, POSITIVE, scale);
  const padding = (4 - (scale % 4)) % 4;
  let rest = unscaled * (NUMBER_POWERS[padding] as number);
  /** Weight of the last digit that is left in `rest`. */
  let last = -(scale + padding) / 4;
  for (; rest % 10_000 === 0; last++) rest /= 10_000;
  const count = rest < 1e4 ? 1 : rest < 1e8 ? 2 : rest < 1e12 ? 3 : 4;
  const bytes = header(count, last + count - 1, negative ? NEGATIVE : POSITIVE, scale);
  for (let index = count - 1; index >= 0; index--) {
    const digit = rest % 10_000;
    bytes.writeUInt16BE(digit, HEADER + 2 * index);
    rest = (rest - digit) / 10_000;
  }
  return bytes;
}

/** Base-10000 digit `index` of `total` in a text whose first digit may be short. */
function digitAt(text: string, total: number, index: number): number {
  const end = text.length - 4 * (total - 1 - index);
  return Number(text.slice(Math.max(0, end - 4), end));
}

function header(count: number, weight: number, sign: number, scale: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER + 2 * count);
  bytes.writeUInt16BE(count, 0);
  bytes.writeInt16BE(weight, 2);
  bytes.writeUInt16BE(sign, 4);
  bytes.writeUInt16BE(scale, 6);
  return bytes;
}

function encodeSpecial(kind: "nan" | "infinity" | "-infinity"): Buffer {
  const sign = kind === "nan" ? NAN : kind === "infinity" ? PLUS_INFINITY : MINUS_INFINITY;
  return header(0, 0, sign, specialScale(sign));
}

/** The server reads a special value's display scale off bits of its sign: 0 for NaN, 32 for the infinities. */
function specialScale(sign: number): number {
  return (sign & 0x1f80) >>> 7;
}

/** numeric's output text, straight from the digits. */
export function numericWireText(bytes: Buffer): string {
  const count = bytes.readUInt16BE(0);
  const weight = bytes.readInt16BE(2);
  const sign = bytes.readUInt16BE(4);
  const special = specialOf(sign);
  if (special !== undefined && special.kind !== "finite") return formatSpecialDecimal(special.kind);
  const scale = bytes.readUInt16BE(6);
  let text = sign === NEGATIVE ? "-" : "";
  const small = smallMagnitude(bytes, count, 4 * (weight - count + 1) + scale);
  if (small !== undefined) return text + placePoint(String(small), scale);
  if (weight < 0) text += "0";
  for (let index = 0; index <= weight; index++) {
    const digit = wireDigit(bytes, count, index);
    text += index === 0 ? String(digit) : String(digit).padStart(4, "0");
  }
  if (scale === 0) return text;
  let fraction = "";
  for (let index = weight + 1; fraction.length < scale; index++) {
    fraction += String(wireDigit(bytes, count, index)).padStart(4, "0");
  }
  return `${text}.${fraction.slice(0, scale)}`;
}

/** Digits with the decimal point in front of the last `scale`. */
function placePoint(digits: string, scale: number): string {
  if (scale === 0) return digits;
  const padded = digits.padStart(scale + 1, "0");
  return `${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

/** Digit `index`, also where PostgreSQL left zeros out: before the first and after the last. */
function wireDigit(bytes: Buffer, count: number, index: number): number {
  return index < 0 || index >= count ? 0 : bytes.readUInt16BE(HEADER + 2 * index);
}

/**
 * Kind, then for finite values the biased weight and the digits plus one, ended by 0; all inverted for
 * negative values. Scale does not take part.
 */
export function writeNumericKey(bytes: Buffer, out: KeyWriter): void {
  const sign = bytes.readUInt16BE(4);
  const count = bytes.readUInt16BE(0);
  if (sign !== POSITIVE && sign !== NEGATIVE) {
    out.byte(sign === NAN ? KEY_NAN : sign === PLUS_INFINITY ? KEY_INFINITY : KEY_MINUS_INFINITY);
    return;
  }
  if (count === 0) {
    out.byte(KEY_ZERO);
    return;
  }
  out.byte(sign === NEGATIVE ? KEY_NEGATIVE : KEY_POSITIVE);
  const start = out.length;
  uint16(out, bytes.readInt16BE(2) + 0x8000);
  for (let index = 0; index < count; index++) uint16(out, bytes.readUInt16BE(HEADER + 2 * index) + 1);
  uint16(out, 0);
  if (sign === NEGATIVE) out.invertFrom(start);
}

function uint16(out: KeyWriter, value: number): void {
  out.byte(value >>> 8);
  out.byte(value);
}
