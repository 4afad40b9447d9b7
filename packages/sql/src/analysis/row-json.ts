import { arrayOf, type ColumnType, Oid } from "@freshet/values";
import type { CallExpression, ConstantExpression, Expression } from "../plan/expression.ts";
import type { TypeInfo } from "./catalog-types.ts";
import { unsupported } from "./unsupported.ts";

export type JsonTarget = "json" | "jsonb";

type Types = ReadonlyMap<number, TypeInfo>;

const TEXT_ARRAY_OID = 1009;

/** The names of a row type's columns; null for types that are no rows. Rows within rows are refused: their names would not be part of the plan. */
export function fieldNames(typeOid: number, types: Types): ConstantExpression | null {
  const fields = types.get(typeOid)?.fields ?? null;
  if (fields === null) return null;
  if (fields.some((field) => holdsRows(field.typeOid, types)))
    throw unsupported("JSON of a row with rows in it is not supported");
  const names = arrayOf(
    Oid.text,
    fields.map(({ name }) => Buffer.from(name, "utf8")),
  );
  const type: ColumnType = { typeOid: TEXT_ARRAY_OID, typmod: -1, collation: 100 };
  return { kind: "constant", value: names.toString("latin1"), type };
}

function holdsRows(typeOid: number, types: Types): boolean {
  const info = types.get(typeOid);
  if (info === undefined || info.fields !== null) return info !== undefined;
  const part = info.elementOid ?? info.madeOf;
  return part !== null && holdsRows(part, types);
}

/** A row as JSON: the engine's own `JSON_ROW(names, row)`. Other values stay as they are. */
export function rowAsJson(value: Expression, target: JsonTarget, types: Types): Expression {
  const names = fieldNames(value.type.typeOid, types);
  if (names === null) return value;
  const call: CallExpression = {
    kind: "call",
    name: target === "json" ? "JSON_ROW" : "JSONB_ROW",
    functionOid: 0,
    strict: true,
    inputCollation: 0,
    args: [names, value],
    type: { typeOid: Oid[target], typmod: -1, collation: 0 },
  };
  return call;
}
