import { assert } from "@freshet/base";
import type { ByteWriter } from "../byte-writer.ts";
import type { Codec } from "../codec.ts";
import type { KeyWriter } from "../key-writer.ts";
import { Oid } from "../oids.ts";
import { ascii, bigintOf, NO_SETTINGS, numberOf, trimBlanks } from "./support.ts";

const COMMON = { hasEquality: true, imageIsIdentity: true, ordered: true, textDependsOn: NO_SETTINGS } as const;
/** Longer spellings can only have leading zeros: not worth understanding. */
const INTEGER = /^[+-]?\d{1,40}$/;
const SIGN_BIT = 0x8000_0000;

/** A decimal integer with optional sign and blanks around; undefined for every other spelling. */
function parseInteger(text: string): number | undefined {
  const trimmed = trimBlanks(text);
  return INTEGER.test(trimmed) ? Number(trimmed) : undefined;
}

/** So many digits are surely below 2^31. */
const PLAIN_DIGITS = 9;
const ZERO = 0x30;
const MINUS = 0x2d;

/** Undefined for all but a few digits with or without a minus sign. */
function parsePlain(bytes: Buffer, start = 0, end: number = bytes.length): number | undefined {
  const isNegative = start < end && bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  const digits = end - first;
  if (digits < 1 || digits > PLAIN_DIGITS) return undefined;
  let value = 0;
  for (let at = first; at < end; at++) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return isNegative ? -value : value;
}

interface SmallInteger {
  readonly oid: number;
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly bytes: 2 | 4;
}

function encodeSmall(type: SmallInteger, value: number): Buffer {
  assert(Number.isInteger(value) && value >= type.min && value <= type.max, () => `${value} is not an ${type.name}`);
  const bytes = Buffer.allocUnsafe(type.bytes);
  if (type.bytes === 2) bytes.writeInt16BE(value, 0);
  else bytes.writeInt32BE(value | 0, 0);
  return bytes;
}

function smallFromText(type: SmallInteger, text: string): Buffer | undefined {
  const value = parseInteger(text);
  if (value === undefined || value < type.min || value > type.max) return undefined;
  return encodeSmall(type, value);
}

function smallFromPlainText(type: SmallInteger, bytes: Buffer): Buffer | undefined {
  const value = parsePlain(bytes);
  return value === undefined || value < type.min || value > type.max ? undefined : encodeSmall(type, value);
}

const INT2: SmallInteger = { oid: Oid.int2, name: "int2", min: -0x8000, max: 0x7fff, bytes: 2 };
const INT4: SmallInteger = { oid: Oid.int4, name: "int4", min: -0x8000_0000, max: 0x7fff_ffff, bytes: 4 };
const OID: SmallInteger = { oid: Oid.oid, name: "oid", min: 0, max: 0xffff_ffff, bytes: 4 };

export const int2Codec: Codec = {
  ...COMMON,
  oid: INT2.oid,
  name: INT2.name,
  isValid: (bytes) => bytes.length === 2,
  toText: (bytes) => ascii(String(bytes.readInt16BE(0))),
  writeText(source, start, _end, out) {
    out.integer(source.readInt16BE(start));
    return true;
  },
  fromPlainText: (bytes) => smallFromPlainText(INT2, bytes),
  fromText: (text) => smallFromText(INT2, text),
  writeKey(bytes, out) {
    out.byte((bytes[0] as number) ^ 0x80);
    out.byte(bytes[1] as number);
  },
  decode: (bytes) => bytes.readInt16BE(0),
  encode: (value) => encodeSmall(INT2, numberOf(value, "int2")),
};

export const int4Codec: Codec = {
  ...COMMON,
  oid: INT4.oid,
  name: INT4.name,
  isValid: (bytes) => bytes.length === 4,
  toText: (bytes) => ascii(String(bytes.readInt32BE(0))),
  writeText(source, start, _end, out) {
    out.integer(source.readInt32BE(start));
    return true;
  },
  fromPlainText: (bytes) => smallFromPlainText(INT4, bytes),
  fromText: (text) => smallFromText(INT4, text),
  writeKey: writeInt4Key,
  writePlainKey(source, start, end, out) {
    const value = parsePlain(source, start, end);
    if (value === undefined) return false;
    out.uint32(value ^ SIGN_BIT);
    return true;
  },
  decode: (bytes) => bytes.readInt32BE(0),
  encode: (value) => encodeInt4(numberOf(value, "int4")),
};

export function writeInt4Key(bytes: Buffer, out: KeyWriter): void {
  out.uint32(bytes.readInt32BE(0) ^ SIGN_BIT);
}

export function encodeInt4(value: number): Buffer {
  return encodeSmall(INT4, value);
}

export const oidCodec: Codec = {
  ...COMMON,
  oid: OID.oid,
  name: OID.name,
  isValid: (bytes) => bytes.length === 4,
  toText: (bytes) => ascii(String(bytes.readUInt32BE(0))),
  writeText(source, start, _end, out) {
    out.integer(source.readUInt32BE(start));
    return true;
  },
  fromText: (text) => smallFromText(OID, text),
  writeKey: (bytes, out) => out.uint32(bytes.readUInt32BE(0)),
  decode: (bytes) => bytes.readUInt32BE(0),
  encode: (value) => encodeSmall(OID, numberOf(value, "oid")),
};

const INT8_MIN = -(1n << 63n);
const INT8_MAX = (1n << 63n) - 1n;
/** High words of integers that a number holds exactly. */
const SAFE_HIGH = 0x1f_ffff;

export const int8Codec: Codec = {
  ...COMMON,
  oid: Oid.int8,
  name: "int8",
  isValid: (bytes) => bytes.length === 8,
  toText(bytes) {
    const high = bytes.readInt32BE(0);
    if (high >= -SAFE_HIGH && high <= SAFE_HIGH) return ascii(String(high * 0x1_0000_0000 + bytes.readUInt32BE(4)));
    return ascii(bytes.readBigInt64BE(0).toString());
  },
  writeText(source, start, _end, out) {
    writeInt8Text(source, start, out);
    return true;
  },
  fromPlainText(bytes) {
    const value = parsePlain(bytes);
    return value === undefined ? undefined : encodeInt8(BigInt(value));
  },
  fromText(text) {
    const trimmed = trimBlanks(text);
    if (!INTEGER.test(trimmed)) return undefined;
    const value = BigInt(trimmed.startsWith("+") ? trimmed.slice(1) : trimmed);
    return value < INT8_MIN || value > INT8_MAX ? undefined : encodeInt8(value);
  },
  writeKey: writeInt8Key,
  writePlainKey(source, start, end, out) {
    const value = parsePlain(source, start, end);
    if (value === undefined) return false;
    out.uint32((value < 0 ? -1 : 0) ^ SIGN_BIT);
    out.uint32(value);
    return true;
  },
  decode: (bytes) => bytes.readBigInt64BE(0),
  encode: (value) => encodeInt8(bigintOf(value, "int8")),
};

function writeInt8Text(source: Buffer, at: number, out: ByteWriter): void {
  const high = source.readInt32BE(at);
  if (high >= -SAFE_HIGH && high <= SAFE_HIGH) out.integer(high * 0x1_0000_0000 + source.readUInt32BE(at + 4));
  else out.ascii(source.readBigInt64BE(at).toString());
}

/** The sign bit is flipped, so that unsigned byte order is the signed order; no bigint is made. */
export function writeInt8Key(bytes: Buffer, out: KeyWriter): void {
  out.uint32(bytes.readInt32BE(0) ^ SIGN_BIT);
  out.uint32(bytes.readInt32BE(4));
}

export function encodeInt8(value: bigint): Buffer {
  assert(value >= INT8_MIN && value <= INT8_MAX, () => `${value} is not an int8`);
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(value, 0);
  return bytes;
}
