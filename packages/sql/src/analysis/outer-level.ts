import { type NodeValue, TreeNode } from "./node-tree.ts";
import { unsupported } from "./unsupported.ts";

const LEVEL_FIELDS: ReadonlySet<string> = new Set(["varlevelsup", "agglevelsup"]);

/** An expression that belongs to the query `levels` further out, as that query itself would write it. */
export function inOuterQuery(node: TreeNode, levels: number): TreeNode {
  if (node.type === "QUERY") throw unsupported("an aggregate of the query around its subquery has a subquery itself");
  const fields = [...node.fields].map(([field, value]): [string, NodeValue] => {
    return [field, LEVEL_FIELDS.has(field) ? String(node.int(field) - levels) : lowered(value, levels)];
  });
  return new TreeNode(node.type, new Map(fields));
}

function lowered(value: NodeValue, levels: number): NodeValue {
  if (value instanceof TreeNode) return inOuterQuery(value, levels);
  return Array.isArray(value) ? (value as readonly NodeValue[]).map((item) => lowered(item, levels)) : value;
}
