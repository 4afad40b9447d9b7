import type { Expression } from "../plan/expression.ts";
import { parametersOf } from "../plan/expression-walk.ts";
import type { FromTree } from "./from-tree.ts";

interface From {
  readonly tree: FromTree | null;
  readonly conjuncts: readonly Expression[];
}

/**
 * Takes the conditions on parameters out of the ON of inner joins that no outer join may pad, and puts them before those of WHERE: there
 * they mean the same, and can be looked up by. Those of an outer join decide which rows are padded, so they stay.
 */
export function hoistJoinParameters({ tree, conjuncts }: From): From {
  if (tree === null) return { tree, conjuncts };
  const hoisted: Expression[] = [];
  const rest = hoistFrom(tree, hoisted);
  return hoisted.length === 0 ? { tree, conjuncts } : { tree: rest, conjuncts: [...hoisted, ...conjuncts] };
}

function hoistFrom(tree: FromTree, hoisted: Expression[]): FromTree {
  switch (tree.kind) {
    case "inner": {
      const inputs = tree.inputs.map((input) => hoistFrom(input, hoisted));
      const conjuncts = tree.conjuncts.filter((conjunct) => parametersOf(conjunct).size === 0);
      hoisted.push(...tree.conjuncts.filter((conjunct) => !conjuncts.includes(conjunct)));
      return { ...tree, inputs, conjuncts };
    }
    case "left":
      return { ...tree, left: hoistFrom(tree.left, hoisted) };
    case "full":
    case "entry":
      return tree;
  }
}
