import { isUtf8 } from "node:buffer";
import type { Codec } from "../codec.ts";
import { Oid } from "../oids.ts";
import { opaqueCodec } from "./opaque.ts";

/** A declaration at the beginning is shown differently in text (without encoding) and in binary format. */
const DECLARATION = "<?xml";

export const xmlCodec: Codec = opaqueCodec({
  oid: Oid.xml,
  name: "xml",
  isValid: (bytes) => isUtf8(bytes) && !bytes.includes(0),
  toText: (bytes) => (bytes.subarray(0, 5).toString("latin1") === DECLARATION ? undefined : Buffer.from(bytes)),
});
