import { FreshetError } from "@freshet/base";
import type { Codec } from "../codec.ts";
import { bytesCodec } from "./bytes-codec.ts";

type Own = Pick<Codec, "oid" | "name" | "isValid" | "toText"> & Partial<Codec>;

/** A type that is carried and shown, but neither read from text nor compared. */
export function opaqueCodec(own: Own): Codec {
  return bytesCodec({
    hasEquality: false,
    imageIsIdentity: false,
    ordered: false,
    fromText: () => undefined,
    writeKey() {
      throw new FreshetError("42883", `could not identify an equality operator for type ${own.name}`);
    },
    ...own,
  });
}
