import { must } from "@freshet/base";
import type { Expression } from "../plan/expression.ts";
import type { ViewSort } from "../plan/query-plan.ts";
import { hasOrder } from "./catalog-types.ts";
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
    const operator = scope.catalog.operators.get(clause.int("sortop"));
    const plain =
      operator !== undefined && operator.schema === "pg_catalog" && (operator.name === "<" || operator.name === ">");
    if (!plain) throw unsupported("ORDER BY … USING with another operator than < and > is not supported");
    const { typeOid, collation } = must(output[column]).type;
    if (!hasOrder(scope.catalog.types, typeOid))
      throw unsupported(`ORDER BY over type ${scope.typeName(typeOid)} is not supported`);
    checkCollation("ORDER BY", true, collation, scope);
    if (sort.some((key) => key.column === column)) continue;
    sort.push({ column, descending: operator.name === ">", nullsFirst: clause.flag("nulls_first") });
  }
  return sort;
}
