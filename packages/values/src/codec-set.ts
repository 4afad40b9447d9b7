import type { Codec } from "./codec.ts";
import { arrayCodec } from "./codecs/array.ts";
import { bitStringCodec, varbitCodec } from "./codecs/bit.ts";
import { boolCodec } from "./codecs/bool.ts";
import { byteaCodec } from "./codecs/bytea.ts";
import { compositeCodec } from "./codecs/composite.ts";
import { dateCodec } from "./codecs/date.ts";
import { tsqueryCodec, tsvectorCodec } from "./codecs/text-search.ts";
import { xmlCodec } from "./codecs/xml.ts";
import { GEOMETRIC_CODECS } from "./codecs/geometric.ts";
import { enumCodec } from "./codecs/enum.ts";
import { float4Codec, float8Codec } from "./codecs/float.ts";
import { cidCodec, OBJECT_NAME_CODECS, pgLsnCodec, tidCodec, xid8Codec, xidCodec } from "./codecs/identifiers.ts";
import { int2Codec, int4Codec, int8Codec, oidCodec } from "./codecs/integer.ts";
import { intervalCodec } from "./codecs/interval.ts";
import { jsonbCodec, jsonCodec } from "./codecs/json.ts";
import { jsonpathCodec } from "./codecs/jsonpath.ts";
import { moneyCodec } from "./codecs/money.ts";
import { cidrCodec, inetCodec, macaddr8Codec, macaddrCodec } from "./codecs/network.ts";
import { numericCodec } from "./codecs/numeric.ts";
import { multirangeCodec } from "./codecs/multirange.ts";
import { rangeCodec } from "./codecs/range.ts";
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
  jsonpathCodec,
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
  ...GEOMETRIC_CODECS,
  tsvectorCodec,
  tsqueryCodec,
  xmlCodec,
];

/** The codecs of a set of types. */
export interface CodecSet {
  /** Undefined for types that Freshet cannot handle. */
  get(oid: number): Codec | undefined;
}

/**
 * Codecs of the built-in types and of the enums, arrays, domains, composites, ranges and multiranges in `types`, in any order. A type that
 * is made of one without codec gets none.
 */
export function createCodecs(types: readonly PgType[]): CodecSet {
  const codecs = new Map<number, Codec>(BASE_CODECS.map((codec) => [codec.oid, codec]));
  const made = new Map([...BUILTIN_TYPES, ...types].map((type) => [type.oid, type]));
  const resolve = (oid: number): Codec | undefined => {
    const known = codecs.get(oid);
    const type = made.get(oid);
    if (known !== undefined || type === undefined) return known;
    // A type cannot be made of itself.
    made.delete(oid);
    const codec = madeCodec(type, resolve);
    if (codec !== undefined) codecs.set(oid, codec);
    return codec;
  };
  for (const oid of [...made.keys()]) resolve(oid);
  return codecs;
}

type Resolve = (oid: number) => Codec | undefined;

function madeCodec(type: PgType, resolve: Resolve): Codec | undefined {
  if (type.kind === "enum") return type.labels === undefined ? undefined : enumCodec(type);
  if (type.kind === "composite") {
    const fields = type.fieldOids?.map(resolve);
    return fields === undefined || !allKnown(fields) ? undefined : compositeCodec(type, fields);
  }
  const element = type.elementOid === undefined ? undefined : resolve(type.elementOid);
  if (element === undefined) return undefined;
  switch (type.kind) {
    case "array":
      return arrayCodec(type, element);
    case "domain":
      return { ...element, oid: type.oid, name: type.name };
    case "range":
      return rangeCodec(type, element);
    case "multirange":
      return multirangeCodec(type, element);
    case "base":
      return undefined;
  }
}

function allKnown(codecs: readonly (Codec | undefined)[]): codecs is readonly Codec[] {
  return !codecs.includes(undefined);
}
