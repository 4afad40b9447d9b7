import { FreshetError, must } from "@freshet/base";
import type { Codec } from "../codec.ts";
import type { PgType } from "../type.ts";
import { NO_SETTINGS, stringOf } from "./support.ts";

/** An enum's codec: the bytes are the label; labels order by their declared position. */
export function enumCodec(type: PgType): Codec {
  const labels = must(type.labels, "an enum type has labels");
  const positions = new Map(labels.map((label, position) => [label, position]));

  function known(label: string): string {
    if (positions.has(label)) return label;
    throw new FreshetError("22P02", `invalid input value for enum ${type.name}: "${label}"`);
  }

  return {
    oid: type.oid,
    name: type.name,
    hasEquality: true,
    imageIsIdentity: true,
    ordered: true,
    textDependsOn: NO_SETTINGS,
    isValid: (bytes) => positions.has(bytes.toString("utf8")),
    toText: (bytes) => Buffer.from(bytes),
    fromText: (text) => (positions.has(text) ? Buffer.from(text, "utf8") : undefined),
    writeKey: (bytes, out) => out.uint32(must(positions.get(known(bytes.toString("utf8"))))),
    decode: (bytes) => known(bytes.toString("utf8")),
    encode: (value) => Buffer.from(known(stringOf(value, type.name)), "utf8"),
  };
}
