import { must } from "@freshet/base";
import type { AnalysisConnection } from "./analysis-connection.ts";
import { isBaseType, isOrderedBaseType } from "./type-support.ts";

interface EnumLabel {
  readonly oid: number;
  readonly label: string;
}

export interface TypeInfo {
  readonly oid: number;
  readonly name: string;
  /** As SQL writes it. */
  readonly sqlName: string;
  readonly length: number;
  readonly byValue: boolean;
  /** Element type of a true array type, else null. */
  readonly elementOid: number | null;
  /** An enum's labels in their declared order, else null. */
  readonly labels: readonly EnumLabel[] | null;
  /** The send function, ready to stand in SQL; null without one. */
  readonly sendFunction: string | null;
}

type Row = readonly (string | null)[];

/** Loads the types and, of arrays, the element types. */
export async function loadTypes(
  connection: AnalysisConnection,
  oids: ReadonlySet<number>,
): Promise<Map<number, TypeInfo>> {
  const list = ["0", ...[...oids].map(String)].join(",");
  const rows = await connection.query(`
    WITH wanted AS (SELECT t.* FROM pg_catalog.pg_type t WHERE t.oid IN (${list}))
    SELECT t.oid, t.typname, pg_catalog.format_type(t.oid, NULL), t.typtype, t.typlen, t.typbyval,
      CASE WHEN t.typcategory = 'A' AND t.typlen = -1 THEN t.typelem ELSE 0 END,
      CASE WHEN t.typsend <> 0 THEN pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) END
    FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_proc p ON p.oid = t.typsend
      LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE t.oid IN (SELECT w.oid FROM wanted w UNION SELECT w.typelem FROM wanted w)`);
  const enums = rows.filter((row) => row[3] === "e").map((row) => row[0]);
  const labels = await connection.query(`
    SELECT enumtypid, oid, enumlabel FROM pg_catalog.pg_enum WHERE enumtypid IN (${["0", ...enums].join(",")})
    ORDER BY enumtypid, enumsortorder`);
  return new Map(rows.map((row) => [Number(row[0]), typeInfo(row, labels)]));
}

function typeInfo(row: Row, labels: readonly Row[]): TypeInfo {
  const own = labels.filter((label) => label[0] === row[0]);
  return {
    oid: Number(row[0]),
    name: must(row[1]),
    sqlName: must(row[2]),
    length: Number(row[4]),
    byValue: row[5] === "t",
    elementOid: row[6] === "0" ? null : Number(row[6]),
    labels: row[3] === "e" ? own.map((label) => ({ oid: Number(label[1]), label: must(label[2]) })) : null,
    sendFunction: row[7] ?? null,
  };
}

/** Whether the engine can carry values of the type at all. */
export function isSupportedType(types: ReadonlyMap<number, TypeInfo>, oid: number): boolean {
  if (isBaseType(oid)) return true;
  const info = types.get(oid);
  if (info === undefined) return false;
  if (info.labels !== null) return true;
  if (info.elementOid === null) return false;
  return isBaseType(info.elementOid) || (types.get(info.elementOid)?.labels ?? null) !== null;
}

/** Whether the type has a `=` the engine knows. */
export function hasEquality(types: ReadonlyMap<number, TypeInfo>, oid: number): boolean {
  const jsonOid = 114;
  const element = types.get(oid)?.elementOid ?? null;
  return isSupportedType(types, oid) && oid !== jsonOid && element !== jsonOid;
}

/** Whether the engine sorts by the type. */
export function hasOrder(types: ReadonlyMap<number, TypeInfo>, oid: number): boolean {
  return isOrderedBaseType(oid) || (types.get(oid)?.labels ?? null) !== null;
}
