import { must } from "@freshet/base";
import type { Expression } from "../plan/expression.ts";
import { arrayConstant, isConstant } from "./constant.ts";
import type { TreeNode } from "./node-tree.ts";
import type { QueryScope } from "./query-scope.ts";
import { comparisonFunction } from "./translate-call.ts";
import { BOOL_TYPE, isTextual } from "./type-support.ts";
import { unsupported } from "./unsupported.ts";

/** `ARRAY[…]` of one dimension; of constants it is a constant. */
export function translateArray(node: TreeNode, scope: QueryScope): Expression {
  if (node.flag("multidims")) throw unsupported("arrays of more than one dimension are not supported");
  const elements = node.nodes("elements").map((item) => scope.translate(item));
  const type = { typeOid: node.int("array_typeid"), typmod: -1, collation: node.int("array_collid") };
  if (!elements.every(isConstant)) {
    return { kind: "call", name: "ARRAY", functionOid: 0, strict: false, inputCollation: 0, args: elements, type };
  }
  return arrayConstant(elements.filter(isConstant), node.int("element_typeid"), type);
}

/**
 * `left op ANY (array)` and `left op ALL (array)`, which is also what IN and NOT IN become. Over a list
 * of expressions that are not all constant it is the OR (AND) of the single comparisons.
 */
export function translateAnyAll(node: TreeNode, scope: QueryScope): Expression {
  const inputCollation = node.int("inputcollid");
  const any = node.flag("useOr");
  const [leftNode, arrayNode] = node.nodes("args");
  if (leftNode === undefined || arrayNode === undefined) throw unsupported("ANY lacks an argument");
  const left = scope.translate(leftNode);
  const info = comparisonFunction(node, left.type.typeOid, scope);
  if (arrayNode.type === "ARRAYEXPR" && !arrayNode.flag("multidims")) {
    const elements = arrayNode.nodes("elements").map((item) => scope.translate(item));
    if (elements.length > 0 && !elements.every(isConstant)) {
      const { symbol: name, oid: functionOid, strict } = info;
      const compare = (element: Expression): Expression => {
        return { kind: "call", name, functionOid, strict, inputCollation, args: [left, element], type: BOOL_TYPE };
      };
      return { kind: any ? "or" : "and", args: elements.map(compare), type: BOOL_TYPE };
    }
  }
  const array = scope.translate(arrayNode);
  return { kind: any ? "any" : "all", name: info.symbol, inputCollation, left, array, type: BOOL_TYPE };
}

/**
 * A cast between array types: of `ARRAY[…]`, whose elements are cast then, and of a constant from one text type
 * to another, whose elements keep their bytes (what `varcharcolumn IN ('a', 'b')` holds).
 */
export function translateArrayCoercion(node: TreeNode, scope: QueryScope): Expression {
  const written = node.node("arg");
  if (written.type === "ARRAYEXPR" && !written.flag("multidims")) return coercedElements(node, written, scope);
  const array = scope.translate(written);
  const typeOid = node.int("resulttype");
  const element = node.node("elemexpr");
  const elementOid = (oid: number): number => scope.catalog.types.get(oid)?.elementOid ?? 0;
  const sameBytes = element.type === "RELABELTYPE" && element.node("arg").type === "CASETESTEXPR";
  const textual = isTextual(elementOid(array.type.typeOid)) && isTextual(elementOid(typeOid));
  if (!sameBytes || !textual || !isConstant(array)) {
    throw unsupported("a cast from one array type to another is not supported");
  }
  const type = { typeOid, typmod: -1, collation: node.int("resultcollid") };
  return {
    kind: "constant",
    value: array.value === null ? null : withElementType(array.value, elementOid(typeOid)),
    type,
  };
}

/** `ARRAY[…]` with a cast around each element; the cast names its input as a CASE names what it tests. */
function coercedElements(node: TreeNode, array: TreeNode, scope: QueryScope): Expression {
  const cast = node.node("elemexpr");
  const elements = array.nodes("elements").map((item) => {
    scope.caseTests.push(scope.translate(item));
    const element = scope.translate(cast);
    scope.caseTests.pop();
    return element;
  });
  const type = { typeOid: node.int("resulttype"), typmod: -1, collation: node.int("resultcollid") };
  if (elements.length > 0 && elements.every(isConstant)) {
    return arrayConstant(elements.filter(isConstant), must(elements[0]).type.typeOid, type);
  }
  return { kind: "call", name: "ARRAY", functionOid: 0, strict: false, inputCollation: 0, args: elements, type };
}

/** array_send's format names the element type in its third word. */
function withElementType(value: string, elementOid: number): string {
  const bytes = Buffer.from(value, "latin1");
  bytes.writeUInt32BE(elementOid, 8);
  return bytes.toString("latin1");
}
