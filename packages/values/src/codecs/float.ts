import type { Codec } from "../codec.ts";
import { Oid } from "../oids.ts";
import { float4Neighbour, float4Text, float8Text } from "./float-text.ts";
import { ascii, numberOf, trimBlanks } from "./support.ts";

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const NON_ZERO_DIGIT = /^[^eE]*[1-9]/;

/** The double that strtod gives; undefined for other spellings and where it would report ERANGE. */
function parseFloat8(text: string): number | undefined {
  if (!DECIMAL.test(text)) return parseSpecial(text);
  const value = Number(text);
  if (!Number.isFinite(value) || (value === 0 && NON_ZERO_DIGIT.test(text))) return undefined;
  return value;
}

function parseSpecial(text: string): number | undefined {
  switch (text.toLowerCase()) {
    case "nan":
      return Number.NaN;
    case "infinity":
    case "+infinity":
    case "inf":
    case "+inf":
      return Infinity;
    case "-infinity":
    case "-inf":
      return -Infinity;
    default:
      return undefined;
  }
}

/**
 * The float that strtof gives. Rounding twice (decimal to double to float) errs only where the double
 * is exactly half-way between two floats: undefined there.
 */
function parseFloat4(text: string): number | undefined {
  const wide = parseFloat8(text);
  if (wide === undefined || !Number.isFinite(wide) || wide === 0) return wide;
  const value = Math.fround(wide);
  if (value === 0 || !Number.isFinite(value)) return undefined;
  if (value === wide) return value;
  const magnitude = Math.abs(value);
  const neighbour = float4Neighbour(magnitude, Math.abs(wide) > magnitude ? 1 : -1);
  return Math.abs(wide) === (magnitude + neighbour) / 2 ? undefined : value;
}

const COMMON = {
  hasEquality: true,
  imageIsIdentity: false,
  ordered: true,
  textDependsOn: ["extraFloatDigits"],
} as const;
const SIGN_BIT = 0x8000_0000;
const ALL_ONES = 0xffff_ffff;

export const float8Codec: Codec = {
  ...COMMON,
  oid: Oid.float8,
  name: "float8",
  isValid: (bytes) => bytes.length === 8,
  toText: (bytes, settings) => ascii(float8Text(bytes.readDoubleBE(0), settings.extraFloatDigits)),
  writeText(source, start, _end, out, settings) {
    out.ascii(float8Text(source.readDoubleBE(start), settings.extraFloatDigits));
    return true;
  },
  fromText(text) {
    const value = parseFloat8(trimBlanks(text));
    return value === undefined ? undefined : encodeFloat8(value);
  },
  /** IEEE order as unsigned integers; zeros are one value, NaNs one value above all. */
  writeKey(bytes, out) {
    const value = bytes.readDoubleBE(0);
    const high = bytes.readInt32BE(0);
    if (Number.isNaN(value)) {
      out.uint32(ALL_ONES);
      out.uint32(ALL_ONES);
    } else if (value === 0) {
      out.uint32(SIGN_BIT);
      out.uint32(0);
    } else if (high < 0) {
      out.uint32(~high);
      out.uint32(~bytes.readInt32BE(4));
    } else {
      out.uint32(high ^ SIGN_BIT);
      out.uint32(bytes.readInt32BE(4));
    }
  },
  decode: (bytes) => bytes.readDoubleBE(0),
  encode: (value) => encodeFloat8(numberOf(value, "float8")),
};

function encodeFloat8(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleBE(value, 0);
  return bytes;
}

export const float4Codec: Codec = {
  ...COMMON,
  oid: Oid.float4,
  name: "float4",
  isValid: (bytes) => bytes.length === 4,
  toText: (bytes, settings) => ascii(float4Text(bytes.readFloatBE(0), settings.extraFloatDigits)),
  writeText(source, start, _end, out, settings) {
    out.ascii(float4Text(source.readFloatBE(start), settings.extraFloatDigits));
    return true;
  },
  fromText(text) {
    const value = parseFloat4(trimBlanks(text));
    return value === undefined ? undefined : encodeFloat4(value);
  },
  writeKey(bytes, out) {
    const value = bytes.readFloatBE(0);
    const bits = bytes.readInt32BE(0);
    if (Number.isNaN(value)) out.uint32(ALL_ONES);
    else if (value === 0) out.uint32(SIGN_BIT);
    else out.uint32(bits < 0 ? ~bits : bits ^ SIGN_BIT);
  },
  decode: (bytes) => bytes.readFloatBE(0),
  encode: (value) => encodeFloat4(numberOf(value, "float4")),
};

function encodeFloat4(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeFloatBE(value, 0);
  return bytes;
}
