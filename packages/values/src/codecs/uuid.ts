import type { Codec } from "../codec.ts";
import { Oid } from "../oids.ts";
import { ascii, bufferOf, NO_SETTINGS } from "./support.ts";

const HYPHENATED = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
const BARE = /^[0-9a-fA-F]{32}$/;

export const uuidCodec: Codec = {
  oid: Oid.uuid,
  name: "uuid",
  hasEquality: true,
  imageIsIdentity: true,
  ordered: true,
  textDependsOn: NO_SETTINGS,
  isValid: (bytes) => bytes.length === 16,
  toText(bytes) {
    const hex = bytes.toString("hex");
    return ascii(`${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`);
  },
  fromText(text) {
    const inner = text.startsWith("{") && text.endsWith("}") ? text.slice(1, -1) : text;
    if (HYPHENATED.test(inner)) return Buffer.from(inner.replaceAll("-", ""), "hex");
    return BARE.test(inner) ? Buffer.from(inner, "hex") : undefined;
  },
  writeKey: (bytes, out) => out.bytes(bytes),
  decode: (bytes) => Buffer.from(bytes),
  encode: (value) => Buffer.from(bufferOf(value, "uuid")),
};
