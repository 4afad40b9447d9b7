import type { Expression } from "../plan/expression.ts";
import type { TreeNode } from "./node-tree.ts";
import type { QueryScope } from "./query-scope.ts";
import { unsupported } from "./unsupported.ts";

/** JSON_ARRAYAGG and JSON_OBJECTAGG stand for an aggregate; with a RETURNING clause its result is cast. */
export function translateJsonConstructor(node: TreeNode, scope: QueryScope): Expression {
  const call = node.nodeOrNull("func");
  if (call?.type !== "AGGREF") throw unsupported("SQL/JSON constructors are not supported");
  if (node.nodeOrNull("coercion") !== null)
    throw unsupported("a SQL/JSON aggregate whose result is cast is not supported", {
      hint: "Leave RETURNING out, or name json or jsonb there.",
    });
  return scope.translate(call);
}
