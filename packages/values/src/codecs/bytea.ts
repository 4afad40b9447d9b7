import type { Codec } from "../codec.ts";
import { Oid } from "../oids.ts";
import { ascii, bufferOf } from "./support.ts";
import { textFromText } from "./text.ts";

const BACKSLASH = 0x5c;
const HEX = /^\\x(?:[0-9a-fA-F]{2})*$/;

export const byteaCodec: Codec = {
  oid: Oid.bytea,
  name: "bytea",
  hasEquality: true,
  imageIsIdentity: true,
  ordered: true,
  textDependsOn: ["byteaOutput"],
  isValid: () => true,
  toText: (bytes, settings) =>
    ascii(settings.byteaOutput === "hex" ? `\\x${bytes.toString("hex")}` : escapeBytes(bytes)),
  fromText(text) {
    if (text.startsWith("\\x")) return HEX.test(text) ? Buffer.from(text.slice(2), "hex") : undefined;
    return text.includes("\\") ? undefined : textFromText(text);
  },
  writeKey: (bytes, out) => out.escaped(bytes),
  decode: (bytes) => Buffer.from(bytes),
  encode: (value) => Buffer.from(bufferOf(value, "bytea")),
};

/** The traditional form: printable ASCII as it is, a doubled backslash, octal for the rest. */
function escapeBytes(bytes: Buffer): string {
  let text = "";
  for (const byte of bytes) {
    if (byte === BACKSLASH) text += "\\\\";
    else if (byte < 0x20 || byte > 0x7e) text += `\\${byte.toString(8).padStart(3, "0")}`;
    else text += String.fromCharCode(byte);
  }
  return text;
}
