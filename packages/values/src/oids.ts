import type { PgType } from "./type.ts";

/** OIDs of the built-in types that have a codec (`pg_type.dat`; fixed for all majors). */
export const Oid = {
  bool: 16,
  bytea: 17,
  char: 18,
  name: 19,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  oid: 26,
  json: 114,
  float4: 700,
  float8: 701,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  numeric: 1700,
  uuid: 2950,
  jsonb: 3802,
} as const;

/** Element OID -> OID of its array type, for the built-in types. */
const ARRAY_OIDS: readonly (readonly [element: number, array: number])[] = [
  [Oid.bool, 1000],
  [Oid.bytea, 1001],
  [Oid.char, 1002],
  [Oid.name, 1003],
  [Oid.int8, 1016],
  [Oid.int2, 1005],
  [Oid.int4, 1007],
  [Oid.text, 1009],
  [Oid.oid, 1028],
  [Oid.json, 199],
  [Oid.float4, 1021],
  [Oid.float8, 1022],
  [Oid.bpchar, 1014],
  [Oid.varchar, 1015],
  [Oid.date, 1182],
  [Oid.timestamp, 1115],
  [Oid.timestamptz, 1185],
  [Oid.numeric, 1231],
  [Oid.uuid, 2951],
  [Oid.jsonb, 3807],
];

const BASE_TYPES: readonly PgType[] = Object.entries(Oid).map(([name, oid]) => ({ oid, name, kind: "base" }));

const BASE_NAMES: ReadonlyMap<number, string> = new Map(BASE_TYPES.map((type) => [type.oid, type.name]));

/** The built-in types every codec set holds: the base types above and their arrays. */
export const BUILTIN_TYPES: readonly PgType[] = [
  ...BASE_TYPES,
  ...ARRAY_OIDS.map(([elementOid, oid]): PgType => ({
    oid,
    name: `_${BASE_NAMES.get(elementOid) ?? ""}`,
    kind: "array",
    elementOid,
  })),
];
