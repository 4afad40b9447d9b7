import type { Codec } from "../codec.ts";
import { Oid } from "../oids.ts";
import { ascii, NO_SETTINGS, trimBlanks, wrongValue } from "./support.ts";

/** PostgreSQL takes unique prefixes of these, in any case. */
const SPELLINGS: ReadonlyMap<string, boolean> = new Map([
  ...["t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"].map((text) => [text, true] as const),
  ...["f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"].map((text) => [text, false] as const),
]);

export const boolCodec: Codec = {
  oid: Oid.bool,
  name: "bool",
  hasEquality: true,
  imageIsIdentity: true,
  ordered: true,
  textDependsOn: NO_SETTINGS,
  isValid: (bytes) => bytes.length === 1 && (bytes[0] as number) <= 1,
  toText: (bytes) => ascii(bytes[0] === 0 ? "f" : "t"),
  writeText(source, start, _end, out) {
    out.ascii(source[start] === 0 ? "f" : "t");
    return true;
  },
  fromText(text) {
    const value = SPELLINGS.get(trimBlanks(text).toLowerCase());
    return value === undefined ? undefined : Buffer.of(value ? 1 : 0);
  },
  writeKey: (bytes, out) => out.byte(bytes[0] as number),
  decode: (bytes) => bytes[0] !== 0,
  encode(value) {
    if (typeof value !== "boolean") throw wrongValue(value, "bool");
    return Buffer.of(value ? 1 : 0);
  },
};
