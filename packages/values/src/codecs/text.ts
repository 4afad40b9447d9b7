import type { KeyWriter } from "../key-writer.ts";
import { isUtf8 } from "node:buffer";
import type { Codec } from "../codec.ts";
import { Oid } from "../oids.ts";
import { ascii, NO_SETTINGS, stringOf } from "./support.ts";

const BLANK = 0x20;
const LONE_SURROGATE = /\p{Surrogate}/u;
/** NAMEDATALEN - 1. */
const MAX_NAME_BYTES = 63;

/** The bytes are the UTF-8 text itself, in both formats. */
function textCodec(oid: number, name: string): Codec {
  return {
    oid,
    name,
    hasEquality: true,
    imageIsIdentity: true,
    ordered: true,
    textDependsOn: NO_SETTINGS,
    isValid: (bytes) => isUtf8(bytes) && !bytes.includes(0),
    toText: (bytes) => Buffer.from(bytes),
    writeText(source, start, end, out) {
      out.bytes(source, start, end);
      return true;
    },
    fromPlainText: (bytes) => (isUtf8(bytes) && !bytes.includes(0) ? Buffer.from(bytes) : undefined),
    fromText: textFromText,
    writeKey: writeTextKey,
    decode: (bytes) => bytes.toString("utf8"),
    encode: (value) => Buffer.from(stringOf(value, name), "utf8"),
  };
}

export function writeTextKey(bytes: Buffer, out: KeyWriter): void {
  out.escaped(bytes);
}

/** Lone surrogates have no UTF-8 form: not understood. */
export function textFromText(text: string): Buffer | undefined {
  return text.includes("\0") || LONE_SURROGATE.test(text) ? undefined : Buffer.from(text, "utf8");
}

export const textTypeCodec: Codec = textCodec(Oid.text, "text");
export const varcharCodec: Codec = textCodec(Oid.varchar, "varchar");

/** char(n): trailing blanks do not count in comparisons. */
export const bpcharCodec: Codec = {
  ...textCodec(Oid.bpchar, "bpchar"),
  imageIsIdentity: false,
  writeKey(bytes, out) {
    let end = bytes.length;
    while (end > 0 && bytes[end - 1] === BLANK) end--;
    out.escaped(end === bytes.length ? bytes : bytes.subarray(0, end));
  },
};

/** Longer input is truncated by PostgreSQL at a character boundary: left to it. */
export const nameCodec: Codec = {
  ...textCodec(Oid.name, "name"),
  fromPlainText: () => undefined,
  isValid: (bytes) => bytes.length <= MAX_NAME_BYTES && isUtf8(bytes) && !bytes.includes(0),
  fromText(text) {
    const bytes = textFromText(text);
    return bytes === undefined || bytes.length > MAX_NAME_BYTES ? undefined : bytes;
  },
};

/**
 * The internal one-byte type "char"; decodes to a string of one character in U+0000..U+00FF.
 * The text of bytes above 0x7F differs between PostgreSQL 15 and 16.
 */
export const charCodec: Codec = {
  oid: Oid.char,
  name: "char",
  hasEquality: true,
  imageIsIdentity: true,
  ordered: true,
  textDependsOn: NO_SETTINGS,
  isValid: (bytes) => bytes.length === 1,
  toText(bytes) {
    const byte = bytes[0] as number;
    if (byte >= 0x80) return undefined;
    return byte === 0 ? Buffer.alloc(0) : Buffer.of(byte);
  },
  fromText(text) {
    if (text === "") return Buffer.of(0);
    const code = text.charCodeAt(0);
    return text.length === 1 && code > 0 && code < 0x80 ? Buffer.of(code) : undefined;
  },
  writeKey: (bytes, out) => out.byte(bytes[0] as number),
  decode: (bytes) => bytes.toString("latin1"),
  encode: (value) => ascii(stringOf(value, "char").slice(0, 1)),
};
