import { isUtf8 } from "node:buffer";
import { FreshetError, must } from "@freshet/base";
import type { Codec } from "../codec.ts";
import { parseDecimal } from "../decimal.ts";
import type { KeyWriter } from "../key-writer.ts";
import { Oid } from "../oids.ts";
import { canonicalJson } from "./json-canonical.ts";
import { JsonReader, type JsonToken } from "./json-reader.ts";
import { encodeNumericWire, writeNumericKey } from "./numeric-wire.ts";
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
  ordered: false,
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
  writeKey(bytes, out) {
    const reader = new JsonReader(jsonbText(bytes));
    for (let token = reader.next(); token !== null; token = reader.next()) {
      writeTokenKey(must(token, "malformed jsonb"), out);
    }
  },
  decode: jsonbText,
  encode: (value) => encodeJsonb(stringOf(value, "jsonb")),
};

const TOKEN_TAGS = { "{": 1, "}": 2, "[": 3, "]": 4, true: 5, false: 6, null: 7 } as const;
const STRING_TAG = 8;
const NUMBER_TAG = 9;

/** Keys are stored in one order, so equal values have equal tokens but for the scale of numbers. */
function writeTokenKey(token: JsonToken, out: KeyWriter): void {
  switch (token.kind) {
    case ",":
    case ":":
      return;
    case "string":
      out.byte(STRING_TAG);
      out.escaped(Buffer.from(token.text, "utf8"));
      return;
    case "number":
      out.byte(NUMBER_TAG);
      writeNumericKey(encodeNumericWire(must(parseDecimal(token.text), "malformed jsonb number")), out);
      return;
    default:
      out.byte(TOKEN_TAGS[token.kind]);
  }
}
