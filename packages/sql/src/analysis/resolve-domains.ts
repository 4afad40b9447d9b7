import { baseTypeOf, type TypeInfo } from "./catalog-types.ts";
import { type NodeValue, TreeNode } from "./node-tree.ts";
import { kindOfField } from "./tree-oids.ts";

type Types = ReadonlyMap<number, TypeInfo>;

/** Whether values can fail to be in the domain. */
function isConstrained(types: Types, oid: number): boolean {
  const info = types.get(oid);
  if (info?.kind !== "domain") return false;
  return info.constrained || (info.madeOf !== null && isConstrained(types, info.madeOf));
}

/**
 * The tree with every domain replaced by the type that it is based on: values of a domain are stored, sent and compared as the base type's. A cast
 * to a domain that checks nothing changes no value; one that checks stays, for the translation to refuse. Arrays of a domain stay what they are.
 */
export function resolveDomains(query: TreeNode, types: Types): TreeNode {
  return [...types.values()].some((info) => info.kind === "domain") ? resolveNode(query, types) : query;
}

function resolve(value: NodeValue, types: Types): NodeValue {
  if (value instanceof TreeNode) return resolveNode(value, types);
  return Array.isArray(value) ? (value as readonly NodeValue[]).map((item) => resolve(item, types)) : value;
}

function resolveNode(node: TreeNode, types: Types): TreeNode {
  const fields = new Map<string, NodeValue>();
  for (const [field, value] of node.fields) {
    fields.set(field, kindOfField(field) === "types" ? resolveOids(value, types) : resolve(value, types));
  }
  if (node.type !== "COERCETODOMAIN" || isConstrained(types, node.int("resulttype"))) {
    return new TreeNode(node.type, fields);
  }
  return new TreeNode("RELABELTYPE", fields);
}

function resolveOids(value: NodeValue, types: Types): NodeValue {
  if (typeof value === "string") return /^\d+$/.test(value) ? String(baseTypeOf(types, Number(value))) : value;
  return Array.isArray(value) ? (value as readonly NodeValue[]).map((item) => resolveOids(item, types)) : value;
}
