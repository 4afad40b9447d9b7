import { type ColumnType, OBJECT_NAME_OIDS, Oid } from "@freshet/values";

const BASE: ReadonlySet<number> = new Set(Object.values(Oid));

/** Types whose `=` is missing, or says something else than equality (nearness, equal areas). */
const WITHOUT_EQUALITY: ReadonlySet<number> = new Set([
  Oid.json,
  Oid.jsonpath,
  Oid.xml,
  Oid.tsquery,
  Oid.point,
  Oid.lseg,
  Oid.line,
  Oid.path,
  Oid.box,
  Oid.polygon,
  Oid.circle,
]);

/** Types without a btree operator class that the engine follows. */
const WITHOUT_ORDER: ReadonlySet<number> = new Set([...WITHOUT_EQUALITY, Oid.xid, Oid.cid, Oid.tsvector]);

const TEXTUAL: ReadonlySet<number> = new Set([Oid.text, Oid.varchar, Oid.bpchar]);

/** Types without a cast function whose text form is free of session settings, both ways. */
const PLAIN_TEXT_FORM: ReadonlySet<number> = new Set([
  Oid.uuid,
  Oid.json,
  Oid.jsonb,
  Oid.time,
  Oid.inet,
  Oid.cidr,
  Oid.macaddr,
  Oid.macaddr8,
  Oid.bit,
  Oid.varbit,
  Oid.xid8,
]);
/** The same, but what the text means depends on the session, or is not read here. */
const SHOWN_PLAINLY: ReadonlySet<number> = new Set([...PLAIN_TEXT_FORM, Oid.timetz, Oid.oid, Oid.tid, Oid.tsvector]);

/** Types whose text form is free of session settings and that the engine casts through it. */
const TEXT_CASTABLE: ReadonlySet<number> = new Set([
  Oid.bool,
  Oid.int2,
  Oid.int4,
  Oid.int8,
  Oid.numeric,
  Oid.text,
  Oid.varchar,
  Oid.bpchar,
  Oid.name,
]);

const SUMMABLE: ReadonlySet<number> = new Set([Oid.int2, Oid.int4, Oid.int8, Oid.numeric, Oid.float4, Oid.float8]);

export function isBaseType(oid: number): boolean {
  return BASE.has(oid);
}

export function isComparableBaseType(oid: number): boolean {
  return BASE.has(oid) && !WITHOUT_EQUALITY.has(oid);
}

/** Whether the type has a total order (text only under a byte-ordered collation). */
export function isOrderedBaseType(oid: number): boolean {
  return BASE.has(oid) && !WITHOUT_ORDER.has(oid);
}

/** text, varchar and char(n): one representation, different in what trailing blanks mean. */
export function isTextual(oid: number): boolean {
  return TEXTUAL.has(oid);
}

const OIDS: ReadonlySet<number> = new Set([Oid.oid, ...OBJECT_NAME_OIDS]);
const BITS: ReadonlySet<number> = new Set([Oid.bit, Oid.varbit]);

/** Whether a value of one type is the same bytes under the other. */
export function isSameImage(from: number, to: number): boolean {
  if (from === to) return true;
  return [TEXTUAL, OIDS, BITS].some((group) => group.has(from) && group.has(to));
}

export function isTextCastable(oid: number): boolean {
  return TEXT_CASTABLE.has(oid);
}

/** Whether the type's text form is the same in every session. */
export function hasPlainText(oid: number): boolean {
  return TEXT_CASTABLE.has(oid) || SHOWN_PLAINLY.has(oid);
}

/** Whether a text means the same value of the type in every session, and is read here where it is in a usual form. */
export function isReadPlainly(oid: number): boolean {
  return (TEXT_CASTABLE.has(oid) && oid !== Oid.name) || PLAIN_TEXT_FORM.has(oid);
}

export function isSummable(oid: number): boolean {
  return SUMMABLE.has(oid);
}

export const BOOL_TYPE: ColumnType = { typeOid: Oid.bool, typmod: -1, collation: 0 };
/** Types that planning brings in by itself: of conditions, row counts and widened keys. */
export const IMPLIED_TYPES: readonly number[] = [
  Oid.bool,
  Oid.int4,
  Oid.int8,
  Oid.float8,
  Oid.text,
  Oid.json,
  Oid.jsonb,
];
export const INT8_TYPE: ColumnType = { typeOid: Oid.int8, typmod: -1, collation: 0 };

/**
 * Whether a literal of this kind, standing where PostgreSQL inferred a parameter of type `typeOid`, means
 * the same as the parameter holding its text. (`float4column = 0.1` compares as float8, `intcolumn = 1.5`
 * as numeric, `textcolumn = 5` is an error: such a literal must not be taken for the parameter.)
 */
export function literalFitsType(kind: "integer" | "decimal" | "string" | "boolean" | "null", typeOid: number): boolean {
  switch (kind) {
    case "string":
    case "null":
      return true;
    case "boolean":
      return typeOid === Oid.bool;
    case "integer":
      return [Oid.int2, Oid.int4, Oid.int8, Oid.oid, Oid.numeric, Oid.float8].some((oid) => oid === typeOid);
    case "decimal":
      return typeOid === Oid.numeric || typeOid === Oid.float8;
  }
}
