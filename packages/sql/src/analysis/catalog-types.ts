import { must } from "@freshet/base";
import { Oid, type PgCollation, type PgType } from "@freshet/values";
import type { AnalysisConnection } from "./analysis-connection.ts";
import { hasPlainText, isBaseType, isComparableBaseType, isOrderedBaseType, isTextual } from "./type-support.ts";

interface EnumLabel {
  readonly oid: number;
  readonly label: string;
}

interface CompositeField {
  /** `attnum`: positions of dropped columns are not given again. */
  readonly attribute: number;
  readonly name: string;
  readonly typeOid: number;
  readonly collation: number;
}

export interface TypeInfo {
  readonly oid: number;
  readonly name: string;
  /** As SQL writes it. */
  readonly sqlName: string;
  readonly length: number;
  readonly byValue: boolean;
  readonly kind: PgType["kind"];
  /** Element type of a true array type, else null. */
  readonly elementOid: number | null;
  /** Base type of a domain, subtype of a range, range type of a multirange; else null. */
  readonly madeOf: number | null;
  /** Whether a domain, or one that it is based on, has NOT NULL or a CHECK. */
  readonly constrained: boolean;
  /** Whether a range type is ordered by its subtype's default operator class, without a collation. */
  readonly plainRange: boolean;
  /** An enum's labels in their declared order, else null. */
  readonly labels: readonly EnumLabel[] | null;
  /** A composite's columns, else null. */
  readonly fields: readonly CompositeField[] | null;
  /** The type of arrays of this type; 0 without one. */
  readonly arrayOid: number;
  /** The send function, ready to stand in SQL; null without one. */
  readonly sendFunction: string | null;
}

/** What is known of types, and of the order of the database's own collation. */
interface TypeCatalog {
  readonly types: ReadonlyMap<number, TypeInfo>;
  readonly collations: ReadonlyMap<number, PgCollation>;
}

type Row = readonly (string | null)[];

/** Whole and all that they are made of: elements, base types, subtypes, columns. */
const WANTED = (list: string): string => `
  WITH RECURSIVE wanted(oid) AS (
    SELECT t.oid FROM pg_catalog.pg_type t WHERE t.oid IN (${list})
    UNION SELECT t.typarray FROM pg_catalog.pg_type t WHERE t.oid IN (${list}) AND t.typarray <> 0
    UNION
    SELECT part.oid FROM wanted w CROSS JOIN LATERAL (
      SELECT t.typelem FROM pg_catalog.pg_type t WHERE t.oid = w.oid AND t.typelem <> 0
      UNION ALL SELECT t.typbasetype FROM pg_catalog.pg_type t WHERE t.oid = w.oid AND t.typbasetype <> 0
      UNION ALL SELECT a.atttypid FROM pg_catalog.pg_type t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid
        WHERE t.oid = w.oid AND t.typtype = 'c' AND a.attnum > 0 AND NOT a.attisdropped
      UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = w.oid
      UNION ALL SELECT m.rngtypid FROM MULTIRANGES m WHERE m.rngmultitypid = w.oid
    ) AS part(oid))`;

const TYPES = `
  SELECT t.oid, t.typname, pg_catalog.format_type(t.oid, NULL), t.typtype, t.typlen, t.typbyval,
    CASE WHEN t.typtype = 'b' AND t.typcategory = 'A' AND t.typlen = -1 THEN t.typelem ELSE 0 END,
    CASE WHEN t.typsend <> 0 THEN pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) END,
    coalesce(nullif(t.typbasetype, 0), r.rngsubtype, m.rngtypid, 0),
    t.typnotnull OR EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE c.contypid = t.oid),
    coalesce(r.rngcollation = 0 AND o.opcdefault, false),
    (SELECT pg_catalog.string_agg(a.attnum || ':' || a.atttypid || ':' || a.attcollation, ',' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
     WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped),
    t.typarray,
    (SELECT pg_catalog.json_agg(a.attname ORDER BY a.attnum)::pg_catalog.text FROM pg_catalog.pg_attribute a
     WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)
  FROM wanted w JOIN pg_catalog.pg_type t ON t.oid = w.oid LEFT JOIN pg_catalog.pg_proc p ON p.oid = t.typsend
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid LEFT JOIN pg_catalog.pg_opclass o ON o.oid = r.rngsubopc
    LEFT JOIN MULTIRANGES m ON m.rngmultitypid = t.oid`;

/** Loads the types and all that they are made of. */
export async function loadTypes(
  connection: AnalysisConnection,
  oids: ReadonlySet<number>,
): Promise<Map<number, TypeInfo>> {
  const list = ["0", ...[...oids].map(String)].join(",");
  const text = (WANTED(list) + TYPES).replaceAll("MULTIRANGES", "pg_catalog.pg_range");
  const rows = await connection.query(text);
  const enums = rows.filter((row) => row[3] === "e").map((row) => row[0]);
  const labels = await connection.query(`
    SELECT enumtypid, oid, enumlabel FROM pg_catalog.pg_enum WHERE enumtypid IN (${["0", ...enums].join(",")})
    ORDER BY enumtypid, enumsortorder`);
  return new Map(rows.map((row) => [Number(row[0]), typeInfo(row, labels)]));
}

const KINDS: Readonly<Record<string, PgType["kind"]>> = {
  e: "enum",
  d: "domain",
  c: "composite",
  r: "range",
  m: "multirange",
};

function typeInfo(row: Row, labels: readonly Row[]): TypeInfo {
  const own = labels.filter((label) => label[0] === row[0]);
  const kind = row[6] === "0" ? (KINDS[must(row[3])] ?? "base") : "array";
  return {
    oid: Number(row[0]),
    name: must(row[1]),
    sqlName: must(row[2]),
    length: Number(row[4]),
    byValue: row[5] === "t",
    kind,
    elementOid: kind === "array" ? Number(row[6]) : null,
    madeOf: row[8] === "0" ? null : Number(row[8]),
    constrained: row[9] === "t",
    plainRange: row[10] === "t",
    labels: kind === "enum" ? own.map((label) => ({ oid: Number(label[1]), label: must(label[2]) })) : null,
    fields: kind === "composite" ? fieldsOf(row[11] ?? "", row[13] ?? "[]") : null,
    sendFunction: row[7] ?? null,
    arrayOid: Number(row[12]),
  };
}

function fieldsOf(list: string, nameList: string): readonly CompositeField[] {
  if (list === "") return [];
  const names = JSON.parse(nameList) as readonly string[];
  return list.split(",").map((item, at) => {
    const [attribute, typeOid, collation] = item.split(":").map(Number);
    const name = must(names[at], "a column of a row type has a name");
    return { attribute: must(attribute), name, typeOid: must(typeOid), collation: must(collation) };
  });
}

/** The part of a type that plans keep. */
export function pgTypeOf(info: TypeInfo): PgType {
  const { oid, name, kind } = info;
  if (info.labels !== null) return { oid, name, kind, labels: info.labels.map((label) => label.label) };
  if (info.fields !== null) return { oid, name, kind, fieldOids: info.fields.map((field) => field.typeOid) };
  const elementOid = info.elementOid ?? info.madeOf;
  return elementOid === null ? { oid, name, kind } : { oid, name, kind, elementOid };
}

/** The types that a type is directly made of. */
export function partsOf(info: TypeInfo): readonly number[] {
  if (info.fields !== null) return info.fields.map((field) => field.typeOid);
  const part = info.elementOid ?? info.madeOf;
  return part === null ? [] : [part];
}

/** Whether a type that is not built in is made of parts of which all pass. */
function madeOf(types: ReadonlyMap<number, TypeInfo>, oid: number, passes: (part: number) => boolean): boolean {
  const info = types.get(oid);
  if (info === undefined || info.kind === "base") return false;
  if (info.kind === "range" && !info.plainRange) return false;
  return partsOf(info).every(passes);
}

/** Whether the engine can carry values of the type at all. */
export function isSupportedType(types: ReadonlyMap<number, TypeInfo>, oid: number): boolean {
  return isBaseType(oid) || madeOf(types, oid, (part) => isSupportedType(types, part));
}

/** `FirstNormalObjectId`: collations below it come with PostgreSQL and are deterministic. */
const FIRST_NORMAL_OID = 16_384;
/** C, POSIX, ucs_basic: the order of bytes. */
const BYTE_ORDERED: ReadonlySet<number> = new Set([950, 951, 962]);
const DEFAULT_COLLATION = 100;

/** Whether a composite's columns pass by themselves, whatever collation the query names. */
function fieldsPass(
  types: ReadonlyMap<number, TypeInfo>,
  oid: number,
  collationPasses: (collation: number) => boolean,
): boolean {
  const info = types.get(oid);
  if (info === undefined) return true;
  const own = info.fields?.every((field) => field.collation === 0 || collationPasses(field.collation)) ?? true;
  return own && partsOf(info).every((part) => fieldsPass(types, part, collationPasses));
}

function isComparable(types: ReadonlyMap<number, TypeInfo>, oid: number): boolean {
  return isComparableBaseType(oid) || madeOf(types, oid, (part) => isComparable(types, part));
}

/** Whether the type has a `=` the engine knows. */
export function hasEquality(types: ReadonlyMap<number, TypeInfo>, oid: number): boolean {
  return isComparable(types, oid) && fieldsPass(types, oid, (collation) => collation < FIRST_NORMAL_OID);
}

function isOrdered(types: ReadonlyMap<number, TypeInfo>, oid: number): boolean {
  return isOrderedBaseType(oid) || madeOf(types, oid, (part) => isOrdered(types, part));
}

/** Whether the type, or one that it is made of, is jsonb, which is ordered by the database's own collation. */
function containsJsonb(types: ReadonlyMap<number, TypeInfo>, oid: number): boolean {
  const info = types.get(oid);
  return oid === Oid.jsonb || (info !== undefined && partsOf(info).some((part) => containsJsonb(types, part)));
}

/** Whether the engine sorts by the type (text under a collation that is checked besides). */
export function hasOrder({ types, collations }: TypeCatalog, oid: number): boolean {
  if (!isOrdered(types, oid)) return false;
  const ownOrder = collations.get(DEFAULT_COLLATION)?.byteOrdered === true;
  if (containsJsonb(types, oid) && !ownOrder) return false;
  return fieldsPass(types, oid, (collation) => {
    return BYTE_ORDERED.has(collation) || (collation === DEFAULT_COLLATION && ownOrder);
  });
}

/** Whether values are texts, or arrays of them, which the comparison's collation orders. */
export function isCollated(types: ReadonlyMap<number, TypeInfo>, oid: number): boolean {
  const element = types.get(oid)?.elementOid ?? null;
  return isTextual(oid) || (element !== null && isCollated(types, element));
}

/** Whether the text form of the type, and of all that it is made of, is the same in every session. */
export function isShownPlainly(types: ReadonlyMap<number, TypeInfo>, oid: number): boolean {
  return hasPlainText(oid) || madeOf(types, oid, (part) => isShownPlainly(types, part));
}

/** The type behind a domain; every other type is itself. */
export function baseTypeOf(types: ReadonlyMap<number, TypeInfo>, oid: number): number {
  const info = types.get(oid);
  return info?.kind === "domain" && info.madeOf !== null ? baseTypeOf(types, info.madeOf) : oid;
}
