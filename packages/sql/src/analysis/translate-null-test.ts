import type { Expression } from "../plan/expression.ts";
import type { TreeNode } from "./node-tree.ts";
import type { QueryScope } from "./query-scope.ts";
import { fieldsOf } from "./translate-subscript.ts";
import { BOOL_TYPE } from "./type-support.ts";
import { unsupported } from "./unsupported.ts";

/** The columns of a row that is tested: of `ROW(…)` what is written, of a composite value its fields, all NULL where it is NULL itself. */
function columnsOfRow(node: TreeNode, scope: QueryScope): readonly Expression[] {
  if (node.type === "ROWEXPR") return node.nodes("args").map((item) => scope.translate(item));
  return fieldsOf(scope.translate(node), scope);
}

/** `IS [NOT] NULL`. A row is NULL when all its columns are, and NOT NULL when none is; columns that are rows count as plain values. */
export function translateNullTest(node: TreeNode, scope: QueryScope): Expression {
  const kind = node.int("nulltesttype") === 0 ? "is-null" : "is-not-null";
  const arg = node.node("arg");
  if (!node.flag("argisrow")) return { kind, arg: scope.translate(arg), type: BOOL_TYPE };
  const tests = columnsOfRow(arg, scope).map((column): Expression => ({ kind, arg: column, type: BOOL_TYPE }));
  const [first, ...rest] = tests;
  if (first === undefined) throw unsupported("IS NULL of a row without columns is not supported");
  return rest.length === 0 ? first : { kind: "and", args: tests, type: BOOL_TYPE };
}
