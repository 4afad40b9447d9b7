import { must } from "@freshet/base";
import type { Plan } from "../plan/plan.ts";
import type { TreeNode } from "./node-tree.ts";

/** What a reference to a recursive query within its own recursive term stands for. */
export function planSelfReference(cte: TreeNode): Plan {
  const typmods = cte.ints("ctecoltypmods");
  const collations = cte.ints("ctecolcollations");
  const columns = cte
    .ints("ctecoltypes")
    .map((typeOid, index) => ({ typeOid, typmod: must(typmods[index]), collation: must(collations[index]) }));
  return { kind: "recursive-input", input: 0, name: cte.text("ctename"), columns };
}
