import { must } from "@freshet/base";
import type { ColumnType } from "@freshet/values";
import type { Expression } from "../plan/expression.ts";
import type { ViewSort } from "../plan/query-plan.ts";
import { hasOrder } from "./catalog-types.ts";
import type { TreeNode } from "./node-tree.ts";
import type { QueryScope } from "./query-scope.ts";
import { checkCollation } from "./translate-call.ts";
import { unsupported } from "./unsupported.ts";

/** ORDER BY as columns of the output row; a column that repeats adds nothing and is left out. */
export function translateSort(
  scope: QueryScope,
  columnOfReference: ReadonlyMap<number, number>,
  output: readonly Expression[],
): ViewSort[] {
  const sort: ViewSort[] = [];
  for (const clause of scope.query.nodes("sortClause")) {
    const column = must(columnOfReference.get(clause.int("tleSortGroupRef")), "an ORDER BY item without target");
    const descending = isDescending(clause, must(output[column]).type, scope);
    if (sort.some((key) => key.column === column)) continue;
    sort.push({ column, descending, nullsFirst: clause.flag("nulls_first") });
  }
  return sort;
}

/** Whether a sort clause over values of `type` descends; refuses orders that the engine does not follow. */
export function isDescending(clause: TreeNode, { typeOid, collation }: ColumnType, scope: QueryScope): boolean {
  const operator = scope.catalog.operators.get(clause.int("sortop"));
  const plain =
    operator !== undefined && operator.schema === "pg_catalog" && (operator.name === "<" || operator.name === ">");
  if (!plain) throw unsupported("ORDER BY … USING with another operator than < and > is not supported");
  if (!hasOrder(scope.catalog, typeOid))
    throw unsupported(`ORDER BY over type ${scope.typeName(typeOid)} is not supported`);
  checkCollation("ORDER BY", true, collation, scope);
  return operator.name === ">";
}
