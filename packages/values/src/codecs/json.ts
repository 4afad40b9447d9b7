import { isUtf8 } from "node:buffer";
import { FreshetError } from "@freshet/base";
import type { Codec } from "../codec.ts";
import { Oid } from "../oids.ts";
import { canonicalJson } from "./json-canonical.ts";
import { writeJsonbKey } from "./jsonb-order.ts";
import { NO_SETTINGS, stringOf } from "./support.ts";

/** json is kept as written and has no equality. */
export const jsonCodec: Codec = {
  oid: Oid.json,
  name: "json",
  hasEquality: false,
  imageIsIdentity: false,
  ordered: false,
  textDependsOn: NO_SETTINGS,
  isValid: (bytes) => isUtf8(bytes) && canonicalJson(bytes.toString("utf8")) !== undefined,
  toText: (bytes) => Buffer.from(bytes),
  fromText: (text) => (canonicalJson(text) === undefined ? undefined : Buffer.from(text, "utf8")),
  writeKey() {
    throw new FreshetError("42883", "could not identify an equality operator for type json");
  },
  decode: (bytes) => bytes.toString("utf8"),
  encode: (value) => Buffer.from(stringOf(value, "json"), "utf8"),
};

/** First byte of jsonb's send format. */
const VERSION = 1;

function encodeJsonb(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(1 + Buffer.byteLength(text, "utf8"));
  bytes[0] = VERSION;
  bytes.write(text, 1, "utf8");
  return bytes;
}

function jsonbText(bytes: Buffer): string {
  return bytes.toString("utf8", 1);
}

/** The version byte and the text as jsonb's output function prints it. */
export const jsonbCodec: Codec = {
  oid: Oid.jsonb,
  name: "jsonb",
  hasEquality: true,
  imageIsIdentity: false,
  ordered: true,
  textDependsOn: NO_SETTINGS,
  isValid(bytes) {
    if (bytes[0] !== VERSION || !isUtf8(bytes)) return false;
    const text = jsonbText(bytes);
    return canonicalJson(text) === text;
  },
  toText: (bytes) => Buffer.from(bytes.subarray(1)),
  fromText(text) {
    const canonical = canonicalJson(text);
    return canonical === undefined ? undefined : encodeJsonb(canonical);
  },
  writeKey: (bytes, out) => writeJsonbKey(jsonbText(bytes), out),
  decode: jsonbText,
  encode: (value) => encodeJsonb(stringOf(value, "jsonb")),
};
