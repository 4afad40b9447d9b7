import type { Expression } from "../plan/expression.ts";
import { columnsOf } from "../plan/expression-walk.ts";
import { splitConjuncts } from "./conjuncts.ts";
import { whereTrue } from "./truth-forms.ts";
import type { TreeNode } from "./node-tree.ts";
import type { QueryScope } from "./query-scope.ts";
import { unsupported } from "./unsupported.ts";

/** A FROM clause. RIGHT JOIN is already turned round; conditions are split into conjuncts. */
export type FromTree =
  | { readonly kind: "entry"; readonly varno: number }
  | { readonly kind: "inner"; readonly inputs: readonly FromTree[]; readonly conjuncts: readonly Expression[] }
  | {
      readonly kind: "left" | "full";
      readonly left: FromTree;
      readonly right: FromTree;
      readonly conjuncts: readonly Expression[];
    };

const JoinType = { inner: 0, left: 1, full: 2, right: 3 } as const;

export function translateCondition(node: TreeNode | null, scope: QueryScope): Expression[] {
  if (node === null) return [];
  const condition = scope.translate(node);
  const hasSublink = [...columnsOf(condition)].some((symbol) => scope.sublinks.get(symbol) !== undefined);
  return splitConjuncts(hasSublink ? whereTrue(condition) : condition);
}

/** The query's FROM and WHERE: a tree, and the conjuncts of WHERE on top of it. */
export function translateFrom(scope: QueryScope): {
  readonly tree: FromTree | null;
  readonly conjuncts: readonly Expression[];
} {
  const node = scope.query.node("jointree");
  const inputs = node.nodes("fromlist").map((item) => translateItem(item, scope));
  const conjuncts = translateCondition(node.nodeOrNull("quals"), scope);
  if (inputs.length === 0) return { tree: null, conjuncts };
  return { tree: { kind: "inner", inputs, conjuncts: [] }, conjuncts };
}

function translateItem(node: TreeNode, scope: QueryScope): FromTree {
  if (node.type === "RANGETBLREF") return { kind: "entry", varno: node.int("rtindex") };
  if (node.type !== "JOINEXPR") throw unsupported("something in its FROM clause is not supported");
  const left = translateItem(node.node("larg"), scope);
  const right = translateItem(node.node("rarg"), scope);
  const conjuncts = translateCondition(node.nodeOrNull("quals"), scope);
  switch (node.int("jointype")) {
    case JoinType.inner:
      return { kind: "inner", inputs: [left, right], conjuncts };
    case JoinType.left:
      return { kind: "left", left, right, conjuncts };
    case JoinType.right:
      return { kind: "left", left: right, right: left, conjuncts };
    case JoinType.full:
      return { kind: "full", left, right, conjuncts };
    default:
      throw unsupported("this kind of join is not supported");
  }
}

/** The range table entries below a node. */
export function entriesOf(tree: FromTree): Set<number> {
  switch (tree.kind) {
    case "entry":
      return new Set([tree.varno]);
    case "inner":
      return new Set(tree.inputs.flatMap((input) => [...entriesOf(input)]));
    case "left":
    case "full":
      return new Set([...entriesOf(tree.left), ...entriesOf(tree.right)]);
  }
}
