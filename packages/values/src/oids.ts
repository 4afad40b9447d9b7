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
  tid: 27,
  xid: 28,
  cid: 29,
  json: 114,
  xml: 142,
  regproc: 24,
  point: 600,
  lseg: 601,
  path: 602,
  box: 603,
  polygon: 604,
  line: 628,
  cidr: 650,
  float4: 700,
  float8: 701,
  circle: 718,
  macaddr8: 774,
  money: 790,
  macaddr: 829,
  inet: 869,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  timetz: 1266,
  bit: 1560,
  varbit: 1562,
  numeric: 1700,
  regprocedure: 2202,
  regoper: 2203,
  regoperator: 2204,
  regclass: 2205,
  regtype: 2206,
  uuid: 2950,
  pg_lsn: 3220,
  tsvector: 3614,
  tsquery: 3615,
  regconfig: 3734,
  regdictionary: 3769,
  jsonb: 3802,
  jsonpath: 4072,
  regnamespace: 4089,
  regrole: 4096,
  regcollation: 4191,
  xid8: 5069,
} as const;

/** The types that are OIDs, shown as the names of catalog objects. */
export const OBJECT_NAME_OIDS: readonly number[] = [
  Oid.regproc,
  Oid.regprocedure,
  Oid.regoper,
  Oid.regoperator,
  Oid.regclass,
  Oid.regcollation,
  Oid.regtype,
  Oid.regrole,
  Oid.regnamespace,
  Oid.regconfig,
  Oid.regdictionary,
];

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
  [Oid.jsonpath, 4073],
  [Oid.tid, 1010],
  [Oid.xid, 1011],
  [Oid.cid, 1012],
  [Oid.regproc, 1008],
  [Oid.cidr, 651],
  [Oid.macaddr8, 775],
  [Oid.money, 791],
  [Oid.macaddr, 1040],
  [Oid.inet, 1041],
  [Oid.time, 1183],
  [Oid.interval, 1187],
  [Oid.timetz, 1270],
  [Oid.bit, 1561],
  [Oid.varbit, 1563],
  [Oid.regprocedure, 2207],
  [Oid.regoper, 2208],
  [Oid.regoperator, 2209],
  [Oid.regclass, 2210],
  [Oid.regtype, 2211],
  [Oid.pg_lsn, 3221],
  [Oid.regconfig, 3735],
  [Oid.regdictionary, 3770],
  [Oid.regnamespace, 4090],
  [Oid.regrole, 4097],
  [Oid.regcollation, 4192],
  [Oid.xid8, 271],
  [Oid.xml, 143],
  [Oid.point, 1017],
  [Oid.lseg, 1018],
  [Oid.path, 1019],
  [Oid.box, 1020],
  [Oid.polygon, 1027],
  [Oid.line, 629],
  [Oid.circle, 719],
  [Oid.tsvector, 3643],
  [Oid.tsquery, 3645],
];

interface BuiltinRange {
  readonly name: string;
  readonly oid: number;
  readonly subtype: number;
  readonly array: number;
  readonly multirange: number;
}

const RANGES: readonly BuiltinRange[] = [
  { name: "int4", oid: 3904, subtype: Oid.int4, array: 3905, multirange: 4451 },
  { name: "num", oid: 3906, subtype: Oid.numeric, array: 3907, multirange: 4532 },
  { name: "ts", oid: 3908, subtype: Oid.timestamp, array: 3909, multirange: 4533 },
  { name: "tstz", oid: 3910, subtype: Oid.timestamptz, array: 3911, multirange: 4534 },
  { name: "date", oid: 3912, subtype: Oid.date, array: 3913, multirange: 4535 },
  { name: "int8", oid: 3926, subtype: Oid.int8, array: 3927, multirange: 4536 },
];

function rangeTypes({ name, oid, subtype, array, multirange }: BuiltinRange): readonly PgType[] {
  return [
    { oid, name: `${name}range`, kind: "range", elementOid: subtype },
    { oid: array, name: `_${name}range`, kind: "array", elementOid: oid },
    { oid: multirange, name: `${name}multirange`, kind: "multirange", elementOid: oid },
  ];
}

const BASE_TYPES: readonly PgType[] = Object.entries(Oid).map(([name, oid]) => ({ oid, name, kind: "base" }));

const BASE_NAMES: ReadonlyMap<number, string> = new Map(BASE_TYPES.map((type) => [type.oid, type.name]));

/** The built-in types every codec set holds: the base types above, their arrays, and the ranges. */
export const BUILTIN_TYPES: readonly PgType[] = [
  ...BASE_TYPES,
  ...ARRAY_OIDS.map(([elementOid, oid]): PgType => ({
    oid,
    name: `_${BASE_NAMES.get(elementOid) ?? ""}`,
    kind: "array",
    elementOid,
  })),
  ...RANGES.flatMap(rangeTypes),
];
