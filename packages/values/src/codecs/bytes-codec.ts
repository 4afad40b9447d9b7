import type { Codec } from "../codec.ts";
import { bufferOf, NO_SETTINGS } from "./support.ts";

type Own = Pick<Codec, "oid" | "name" | "isValid" | "toText" | "fromText" | "writeKey"> & Partial<Codec>;

/** A codec whose values are their send format, and whose equal values have equal bytes unless `own` says otherwise. */
export function bytesCodec(own: Own): Codec {
  return {
    hasEquality: true,
    imageIsIdentity: true,
    ordered: true,
    textDependsOn: NO_SETTINGS,
    decode: (bytes) => Buffer.from(bytes),
    encode: (value) => Buffer.from(bufferOf(value, own.name)),
    ...own,
  };
}
