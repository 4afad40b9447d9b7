import { type ColumnType, Oid } from "@freshet/values";
import type { CallExpression, ConstantExpression, Expression } from "../plan/expression.ts";
import { type NodeValue, TreeNode } from "./node-tree.ts";
import type { QueryScope } from "./query-scope.ts";
import { unsupported } from "./unsupported.ts";

const INT4: ColumnType = { typeOid: Oid.int4, typmod: -1, collation: 0 };

function int4Constant(value: number): ConstantExpression {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value, 0);
  return { kind: "constant", value: bytes.toString("latin1"), type: INT4 };
}

/** A call of one of the engine's own functions, which are named in capitals and have no OID. */
function ownCall(name: string, args: readonly Expression[], type: ColumnType): CallExpression {
  return { kind: "call", name, functionOid: 0, strict: true, inputCollation: 0, args, type };
}

/** Subscripts; an omitted bound of a slice is null. */
function subscripts(value: NodeValue | undefined, scope: QueryScope): readonly (Expression | null)[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly NodeValue[]).map((item) => (item instanceof TreeNode ? scope.translate(item) : null));
}

/**
 * `array[i]` is `ELEMENT(array, i, …)`; `array[a:b]` is `SLICE(array, bounds, a, b, …)`, where `bounds` has a bit for each bound that is given
 * and an omitted one is 0.
 */
export function translateSubscript(node: TreeNode, scope: QueryScope): Expression {
  const array = scope.translate(node.node("refexpr"));
  if ((scope.catalog.types.get(array.type.typeOid)?.elementOid ?? null) === null)
    throw unsupported(`subscripts of type ${scope.typeName(array.type.typeOid)} are not supported`);
  const type = { typeOid: node.int("refrestype"), typmod: node.int("reftypmod"), collation: node.int("refcollid") };
  const upper = subscripts(node.fields.get("refupperindexpr"), scope);
  const lower = subscripts(node.fields.get("reflowerindexpr"), scope);
  if (lower.length === 0) return ownCall("ELEMENT", [array, ...upper.filter((index) => index !== null)], type);
  const bounds = lower.flatMap((low, at) => [low, upper[at] ?? null]);
  const given = bounds.reduce((bits, bound, at) => (bound === null ? bits : bits | (1 << at)), 0);
  const args = bounds.map((bound) => bound ?? int4Constant(0));
  return ownCall("SLICE", [array, int4Constant(given), ...args], type);
}

/** `(row).column` is `FIELD(row, position)`. */
export function translateField(node: TreeNode, scope: QueryScope): Expression {
  const row = scope.translate(node.node("arg"));
  const attribute = node.int("fieldnum");
  const position = scope.catalog.types
    .get(row.type.typeOid)
    ?.fields?.findIndex((field) => field.attribute === attribute);
  if (position === undefined || position < 0)
    throw unsupported(`a field of type ${scope.typeName(row.type.typeOid)} is not supported`);
  const type = {
    typeOid: node.int("resulttype"),
    typmod: node.int("resulttypmod"),
    collation: node.int("resultcollid"),
  };
  return ownCall("FIELD", [row, int4Constant(position)], type);
}

/** The fields of a composite value, one by one. */
export function fieldsOf(row: Expression, scope: QueryScope): readonly Expression[] {
  if (row.kind === "call" && row.name === "ROW") return row.args;
  const fields = scope.catalog.types.get(row.type.typeOid)?.fields ?? null;
  if (fields === null) throw unsupported(`fields of type ${scope.typeName(row.type.typeOid)} are not supported`);
  return fields.map(({ typeOid, collation }, position) => {
    return ownCall("FIELD", [row, int4Constant(position)], { typeOid, typmod: -1, collation });
  });
}

/** A table's row as a value of its row type. */
export function wholeRow(
  type: ColumnType,
  column: (attribute: number, type: ColumnType) => Expression,
  scope: QueryScope,
): Expression {
  const fields = scope.catalog.types.get(type.typeOid)?.fields ?? null;
  if (fields === null) throw unsupported("a row of a type without columns is not supported");
  const args = fields.map(({ attribute, typeOid, collation }) => column(attribute, { typeOid, typmod: -1, collation }));
  return { ...ownCall("ROW", args, type), strict: false };
}

/** `ROW(…)` of a named row type, also a whole table's row: `ROW` of the columns in their order. */
export function translateRow(node: TreeNode, scope: QueryScope): Expression {
  const typeOid = node.int("row_typeid");
  const fields = scope.catalog.types.get(typeOid)?.fields ?? null;
  const args = node.nodes("args").map((item) => scope.translate(item));
  const sameTypes = fields?.every((field, at) => field.typeOid === args[at]?.type.typeOid);
  if (sameTypes !== true || fields?.length !== args.length)
    throw unsupported("ROW(…) without a named type, or with columns of a domain, is not supported");
  const call = ownCall("ROW", args, { typeOid, typmod: -1, collation: 0 });
  return { ...call, strict: false };
}
