import { compareDecimal, KeyWriter, Oid } from "@freshet/values";
import type { Codec, CodecSet, ColumnType, Value } from "@freshet/values";
import type { Compare, ComparisonSuffix } from "./comparison.ts";
import {
  compareBooleans,
  compareBytes,
  compareFloats,
  compareIntegers,
  comparePadded,
  compareText,
  comparisonOperators,
  COMPARISON_SUFFIXES,
} from "./comparison.ts";
import type { FunctionBuilder } from "./scalar-function.ts";

/** The btree order of the types that have one of their own here. */
const ORDERS: ReadonlyMap<number, Compare> = new Map<number, Compare>([
  [Oid.bool, compareBooleans],
  [Oid.int2, compareIntegers],
  [Oid.int4, compareIntegers],
  [Oid.int8, compareIntegers],
  [Oid.oid, compareIntegers],
  [Oid.float4, compareFloats],
  [Oid.float8, compareFloats],
  [Oid.numeric, compareDecimal],
  [Oid.text, compareText],
  [Oid.varchar, compareText],
  [Oid.name, compareText],
  [Oid.bpchar, comparePadded],
  [Oid.bytea, compareBytes],
  [Oid.uuid, compareBytes],
  [Oid.date, compareIntegers],
  [Oid.timestamp, compareIntegers],
  [Oid.timestamptz, compareIntegers],
]);

/** Compares by the codec's keys. Equal bytes are equal values, which is what mostly comes. */
function compareByKey(codec: Codec): Compare {
  const writer = new KeyWriter();
  const keyOf = (value: Value): Buffer => {
    codec.writeKey(codec.encode(value), writer);
    return writer.take();
  };
  return (a: Value, b: Value) => (a === b ? 0 : keyOf(a).compare(keyOf(b)));
}

/** Compares enum labels by their declared order. */
function compareLabels(codec: Codec): Compare {
  const keys = new Map<string, Buffer>();
  const writer = new KeyWriter();
  const keyOf = (label: string): Buffer => {
    let key = keys.get(label);
    if (key === undefined) {
      codec.writeKey(codec.encode(label), writer);
      key = writer.take();
      keys.set(label, key);
    }
    return key;
  };
  return (a: string, b: string) => (a === b ? 0 : keyOf(a).compare(keyOf(b)));
}

/** The type's btree order; undefined when it is not known exactly. */
export function orderOf(type: ColumnType, codecs: CodecSet): Compare | undefined {
  const known = ORDERS.get(type.typeOid);
  if (known !== undefined) return known;
  const codec = codecs.get(type.typeOid);
  return codec?.ordered === true ? compareByKey(codec) : undefined;
}

function builder(order: (codec: Codec) => Compare, suffix: ComparisonSuffix): FunctionBuilder {
  return (argTypes, codecs) => {
    const codec = codecs.get(argTypes[0]?.typeOid ?? 0);
    if (codec === undefined || !codec.hasEquality) return undefined;
    if (!codec.ordered && suffix !== "eq" && suffix !== "ne") return undefined;
    return comparisonOperators(order(codec))[suffix];
  };
}

/** Prefixes of the comparisons whose order is that of the type's keys. */
const BY_KEY: readonly string[] = [
  "interval_",
  "timetz_",
  "bit",
  "network_",
  "macaddr_",
  "macaddr8_",
  "tid",
  "xid8",
  "pg_lsn_",
  "jsonb_",
  "array_",
  "range_",
  "multirange_",
  "record_",
];

/** Comparisons that need to know the type they work on. */
export const TYPED_COMPARISONS: ReadonlyMap<string, FunctionBuilder> = new Map([
  ...COMPARISON_SUFFIXES.map((suffix) => [`enum_${suffix}`, builder(compareLabels, suffix)] as const),
  ...BY_KEY.flatMap((prefix) =>
    COMPARISON_SUFFIXES.map((suffix) => [`${prefix}${suffix}`, builder(compareByKey, suffix)] as const),
  ),
  ["tsvector_eq", builder(compareByKey, "eq")],
  ["tsvector_ne", builder(compareByKey, "ne")],
]);
