import type { Expression } from "../plan/expression.ts";
import { entriesOf, type FromTree } from "./from-tree.ts";
import { rejectsNulls } from "./null-rejection.ts";

/** Whether the column comes from one of the range table's entries. */
type IsColumnOf = (symbol: number, entries: ReadonlySet<number>) => boolean;

/**
 * An outer join is as much of one as the conditions above it leave: those that drop its padded rows make it a left or an inner join, as
 * in PostgreSQL, which evaluates its condition further down then. `above`: what holds for every row that comes out in the end. The conditions
 * of an inner join hold for both of its sides; those of a left join for its right side alone.
 */
export function reduceOuterJoins(tree: FromTree, above: readonly Expression[], isColumnOf: IsColumnOf): FromTree {
  const reduce = (input: FromTree, conditions: readonly Expression[]): FromTree =>
    reduceOuterJoins(input, conditions, isColumnOf);
  const dropsPadsOf = (side: FromTree): boolean => {
    const entries = entriesOf(side);
    return above.some((condition) => rejectsNulls(condition, (symbol) => isColumnOf(symbol, entries)));
  };
  switch (tree.kind) {
    case "entry":
      return tree;
    case "inner": {
      const conditions = [...above, ...tree.conjuncts];
      return { ...tree, inputs: tree.inputs.map((input) => reduce(input, conditions)) };
    }
    case "left":
      if (dropsPadsOf(tree.right))
        return reduce({ kind: "inner", inputs: [tree.left, tree.right], conjuncts: tree.conjuncts }, above);
      return { ...tree, left: reduce(tree.left, above), right: reduce(tree.right, tree.conjuncts) };
    case "full":
      // Rows padded on the left come from the right side alone.
      if (dropsPadsOf(tree.left)) return reduce({ ...tree, kind: "left" }, above);
      if (dropsPadsOf(tree.right)) return reduce({ ...tree, kind: "left", left: tree.right, right: tree.left }, above);
      return { ...tree, left: reduce(tree.left, []), right: reduce(tree.right, []) };
  }
}
