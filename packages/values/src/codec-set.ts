import type { Codec } from "./codec.ts";
import { arrayCodec } from "./codecs/array.ts";
import { bitStringCodec, varbitCodec } from "./codecs/bit.ts";
import { boolCodec } from "./codecs/bool.ts";
import { byteaCodec } from "./codecs/bytea.ts";
import { dateCodec } from "./codecs/date.ts";
import { enumCodec } from "./codecs/enum.ts";
import { float4Codec, float8Codec } from "./codecs/float.ts";
import { cidCodec, OBJECT_NAME_CODECS, pgLsnCodec, tidCodec, xid8Codec, xidCodec } from "./codecs/identifiers.ts";
import { int2Codec, int4Codec, int8Codec, oidCodec } from "./codecs/integer.ts";
import { intervalCodec } from "./codecs/interval.ts";
import { jsonbCodec, jsonCodec } from "./codecs/json.ts";
import { moneyCodec } from "./codecs/money.ts";
import { cidrCodec, inetCodec, macaddr8Codec, macaddrCodec } from "./codecs/network.ts";
import { numericCodec } from "./codecs/numeric.ts";
import { bpcharCodec, charCodec, nameCodec, textTypeCodec, varcharCodec } from "./codecs/text.ts";
import { timeCodec, timetzCodec } from "./codecs/time.ts";
import { timestampCodec, timestamptzCodec } from "./codecs/timestamp.ts";
import { uuidCodec } from "./codecs/uuid.ts";
import { BUILTIN_TYPES } from "./oids.ts";
import type { PgType } from "./type.ts";

const BASE_CODECS: readonly Codec[] = [
  boolCodec,
  byteaCodec,
  charCodec,
  nameCodec,
  int8Codec,
  int2Codec,
  int4Codec,
  textTypeCodec,
  oidCodec,
  jsonCodec,
  float4Codec,
  float8Codec,
  bpcharCodec,
  varcharCodec,
  dateCodec,
  timestampCodec,
  timestamptzCodec,
  numericCodec,
  uuidCodec,
  jsonbCodec,
  intervalCodec,
  timeCodec,
  timetzCodec,
  moneyCodec,
  bitStringCodec,
  varbitCodec,
  inetCodec,
  cidrCodec,
  macaddrCodec,
  macaddr8Codec,
  ...OBJECT_NAME_CODECS,
  xidCodec,
  cidCodec,
  tidCodec,
  xid8Codec,
  pgLsnCodec,
];

/** The codecs of a set of types. */
export interface CodecSet {
  /** Undefined for types that Freshet cannot handle. */
  get(oid: number): Codec | undefined;
}

/**
 * Codecs of the built-in types and of the enums and arrays in `types`, in any order. A type whose
 * element has no codec gets none.
 */
export function createCodecs(types: readonly PgType[]): CodecSet {
  const codecs = new Map<number, Codec>(BASE_CODECS.map((codec) => [codec.oid, codec]));
  for (const type of types) {
    if (type.kind === "enum" && type.labels !== undefined) codecs.set(type.oid, enumCodec(type));
  }
  for (const type of [...BUILTIN_TYPES, ...types]) {
    if (type.kind !== "array" || type.elementOid === undefined || codecs.has(type.oid)) continue;
    const element = codecs.get(type.elementOid);
    if (element !== undefined) codecs.set(type.oid, arrayCodec(type, element));
  }
  return codecs;
}
