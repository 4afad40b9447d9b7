import type { Expression, ConstantExpression } from "../plan/expression.ts";
import { type ColumnType, decodeInternalDatum, decodeInternalRecord, Oid, packRow } from "@freshet/values";
import type { TreeNode } from "./node-tree.ts";
import type { QueryScope } from "./query-scope.ts";
import { unsupported } from "./unsupported.ts";

function latin1(bytes: Buffer): string {
  return bytes.toString("latin1");
}

/** The type of a literal that nothing gives a type: an argument of a function that takes any. */
const UNKNOWN_OID = 705;

/** Functions that take any type treat such a literal as text. Its datum is a C string. */
function untypedConstant(bytes: Buffer): ConstantExpression {
  const end = bytes.indexOf(0);
  const type: ColumnType = { typeOid: Oid.text, typmod: -1, collation: 100 };
  return { kind: "constant", value: latin1(end < 0 ? bytes : bytes.subarray(0, end)), type };
}

/** A Const node. Its datum is the server's memory; what has no known conversion to the send format is refused. */
export function translateConstant(node: TreeNode, scope: QueryScope): ConstantExpression {
  const type: ColumnType = {
    typeOid: node.int("consttype"),
    typmod: node.int("consttypmod"),
    collation: node.int("constcollid"),
  };
  if (node.flag("constisnull")) {
    return {
      kind: "constant",
      value: null,
      type: type.typeOid === UNKNOWN_OID ? { ...type, typeOid: Oid.text } : type,
    };
  }
  if (type.typeOid === Oid.money)
    throw unsupported("what a constant of type money means depends on the session's lc_monetary");
  const { bytes } = node.datum("constvalue");
  if (type.typeOid === UNKNOWN_OID) return untypedConstant(bytes);
  const labels = scope.catalog.types.get(type.typeOid)?.labels ?? null;
  if (labels !== null) {
    const oid = bytes.readUInt32LE(0);
    const label = labels.find((candidate) => candidate.oid === oid);
    if (label === undefined) throw unsupported(`a constant of type ${scope.typeName(type.typeOid)} has no label`);
    return { kind: "constant", value: latin1(Buffer.from(label.label, "utf8")), type };
  }
  const fields = scope.catalog.types.get(type.typeOid)?.fields ?? null;
  const value =
    fields === null
      ? decodeInternalDatum(type.typeOid, bytes, { byVal: node.flag("constbyval"), len: node.int("constlen") })
      : decodeInternalRecord(type.typeOid, bytes, fields);
  if (value === undefined) throw unsupported(`constants of type ${scope.typeName(type.typeOid)} are not supported`);
  return { kind: "constant", value: latin1(value), type };
}

/** A one-dimensional array constant (array_send's format) of constant elements. */
export function arrayConstant(
  elements: readonly ConstantExpression[],
  elementOid: number,
  type: ColumnType,
): ConstantExpression {
  const nulls = elements.some((element) => element.value === null);
  const header = Buffer.alloc(elements.length === 0 ? 12 : 20);
  header.writeInt32BE(elements.length === 0 ? 0 : 1, 0);
  header.writeInt32BE(nulls ? 1 : 0, 4);
  header.writeUInt32BE(elementOid, 8);
  if (elements.length > 0) {
    header.writeInt32BE(elements.length, 12);
    header.writeInt32BE(1, 16);
  }
  const items = packRow(
    elements.map((element) => (element.value === null ? null : Buffer.from(element.value, "latin1"))),
  );
  return { kind: "constant", value: latin1(Buffer.concat([header, items])), type };
}

export function isConstant(expression: Expression): expression is ConstantExpression {
  return expression.kind === "constant";
}
