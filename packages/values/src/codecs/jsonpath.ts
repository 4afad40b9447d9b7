import { isUtf8 } from "node:buffer";
import type { Codec } from "../codec.ts";
import { Oid } from "../oids.ts";
import { opaqueCodec } from "./opaque.ts";
import { NO_SETTINGS, stringOf } from "./support.ts";

/** First byte of jsonpath's send format; the text that its output function prints follows. */
export const JSONPATH_VERSION = 1;

/** Text is not read: only PostgreSQL knows how it would print it. */
export const jsonpathCodec: Codec = {
  ...opaqueCodec({
    oid: Oid.jsonpath,
    name: "jsonpath",
    textDependsOn: NO_SETTINGS,
    isValid: (bytes) => bytes[0] === JSONPATH_VERSION && isUtf8(bytes),
    toText: (bytes) => Buffer.from(bytes.subarray(1)),
  }),
  decode: (bytes) => bytes.toString("utf8", 1),
  encode: (value) => Buffer.concat([Buffer.of(JSONPATH_VERSION), Buffer.from(stringOf(value, "jsonpath"), "utf8")]),
};
