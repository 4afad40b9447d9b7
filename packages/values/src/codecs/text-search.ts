import type { Codec } from "../codec.ts";
import { Oid } from "../oids.ts";
import { opaqueCodec } from "./opaque.ts";
import { NO_SETTINGS } from "./support.ts";

const QUOTE = 0x27;
const BACKSLASH = 0x5c;
const WEIGHTS = ["", "C", "B", "A"] as const;

/** A word between quotes, with quotes and backslashes doubled. */
function quoteWord(word: Buffer): Buffer {
  const bytes: number[] = [QUOTE];
  for (const byte of word) {
    if (byte === QUOTE || byte === BACKSLASH) bytes.push(byte);
    bytes.push(byte);
  }
  bytes.push(QUOTE);
  return Buffer.from(bytes);
}

/** tsvectorsend: int32 number of words; each with its end at a zero byte, uint16 number of positions, and these. */
function vectorText(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  let at = 4;
  for (let left = bytes.readInt32BE(0); left > 0; left--) {
    const end = bytes.indexOf(0, at);
    if (end < 0 || end + 3 > bytes.length) return undefined;
    if (parts.length > 0) parts.push(Buffer.from(" "));
    parts.push(quoteWord(bytes.subarray(at, end)));
    const count = bytes.readUInt16BE(end + 1);
    at = end + 3;
    if (at + 2 * count > bytes.length) return undefined;
    for (let index = 0; index < count; index++) {
      const position = bytes.readUInt16BE(at + 2 * index);
      const text = `${index === 0 ? ":" : ","}${position & 0x3fff}${WEIGHTS[position >>> 14] ?? ""}`;
      parts.push(Buffer.from(text));
    }
    at += 2 * count;
  }
  return at === bytes.length ? Buffer.concat(parts) : undefined;
}

/** Words come in one order, so that equal vectors have equal bytes. Their btree order goes by sizes in memory. */
export const tsvectorCodec: Codec = opaqueCodec({
  oid: Oid.tsvector,
  name: "tsvector",
  hasEquality: true,
  imageIsIdentity: true,
  textDependsOn: NO_SETTINGS,
  isValid: (bytes) => bytes.length >= 4 && vectorText(bytes) !== undefined,
  toText: vectorText,
  writeKey: (bytes, out) => out.escaped(bytes),
});

/** Carried in binary format; its text and its equality go by the tree that it stands for. */
export const tsqueryCodec: Codec = opaqueCodec({
  oid: Oid.tsquery,
  name: "tsquery",
  isValid: (bytes) => bytes.length >= 4,
  toText: () => undefined,
});
