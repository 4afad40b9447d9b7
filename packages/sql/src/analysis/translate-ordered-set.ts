import { must } from "@freshet/base";
import type { AggregateCall, AggregateName } from "../plan/aggregate-call.ts";
import type { TreeNode } from "./node-tree.ts";
import type { QueryScope } from "./query-scope.ts";
import { isDescending } from "./translate-sort.ts";
import { translateArguments } from "./translate-list-aggregate.ts";
import { unsupported } from "./unsupported.ts";

/** A call with WITHIN GROUP. Every key of its ORDER BY stays, for the direct arguments of a hypothetical row are in the same places. */
export function translateOrderedSet(name: AggregateName, node: TreeNode, scope: QueryScope): AggregateCall {
  if (node.flag("aggvariadic")) throw unsupported("VARIADIC calls are not supported");
  const { written, byReference } = translateArguments(node, scope);
  const sort = node.nodes("aggorder").map((clause) => {
    const expression = must(byReference.get(clause.int("tleSortGroupRef")), "WITHIN GROUP without its argument");
    return {
      expression,
      descending: isDescending(clause, expression.type, scope),
      nullsFirst: clause.flag("nulls_first"),
    };
  });
  const direct = node.nodes("aggdirectargs").map((argument) => scope.translate(argument));
  const filter = node.nodeOrNull("aggfilter");
  return {
    name,
    arg: must(written[0], `${name}() without an argument`),
    direct,
    distinct: false,
    sort,
    ...(filter === null ? {} : { filter: scope.translate(filter) }),
    type: { typeOid: node.int("aggtype"), typmod: -1, collation: node.int("aggcollid") },
    inputCollation: node.int("inputcollid"),
  };
}
