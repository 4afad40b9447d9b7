import { must } from "@freshet/base";
import type { ColumnType } from "@freshet/values";
import type { Expression } from "../plan/expression.ts";
import { distinctPlan, projectPlan, unionAllPlan } from "../plan/plan-build.ts";
import type { Plan } from "../plan/plan.ts";
import { hasEquality } from "./catalog-types.ts";
import type { TreeNode } from "./node-tree.ts";
import { planSubquery } from "./plan-entry.ts";
import type { QueryScope, Relation } from "./query-scope.ts";
import { checkCollation, pureFunction } from "./translate-call.ts";
import type { TranslationContext } from "./translation.ts";
import { isTextual } from "./type-support.ts";
import { unsupported } from "./unsupported.ts";

const UNION = 1;

/** Plans UNION [ALL]; the result's columns have the symbols of the leftmost branch's columns. */
export function planSetOperation(node: TreeNode, scope: QueryScope, context: TranslationContext): Relation {
  const plan = planBranch(node, scope, context);
  const varno = leftmost(node);
  const symbols = plan.columns.map((type, index) => scope.column(varno, index + 1, type).index);
  return { plan, symbols };
}

function leftmost(node: TreeNode): number {
  return node.type === "RANGETBLREF" ? node.int("rtindex") : leftmost(node.node("larg"));
}

function planBranch(node: TreeNode, scope: QueryScope, context: TranslationContext): Plan {
  if (node.type === "RANGETBLREF") return planSubquery(scope.entry(node.int("rtindex")), null, scope, context);
  if (node.int("op") !== UNION) throw unsupported("INTERSECT and EXCEPT are not supported");
  const columns = resultTypes(node);
  const inputs = [node.node("larg"), node.node("rarg")].map((branch) =>
    coerce(planBranch(branch, scope, context), columns, scope),
  );
  const all = unionAllPlan(inputs, columns);
  if (node.flag("all")) return all;
  for (const column of columns) {
    if (!hasEquality(scope.catalog.types, column.typeOid)) {
      throw unsupported(`UNION over type ${scope.typeName(column.typeOid)} is not supported`);
    }
    checkCollation("UNION", false, column.collation, scope);
  }
  return distinctPlan(all);
}

function resultTypes(node: TreeNode): ColumnType[] {
  const typmods = node.ints("colTypmods");
  const collations = node.ints("colCollations");
  return node
    .ints("colTypes")
    .map((typeOid, index) => ({ typeOid, typmod: must(typmods[index]), collation: must(collations[index]) }));
}

/** Casts a branch's columns to the result's types, as PostgreSQL's planner does: by the implicit casts. */
function coerce(plan: Plan, columns: readonly ColumnType[], scope: QueryScope): Plan {
  const expressions = columns.map((type, index): Expression => {
    const from = must(plan.columns[index], "a UNION's branches have equally many columns");
    const column: Expression = { kind: "column", index, type: from };
    if (from.typeOid === type.typeOid) return { ...column, type };
    return cast(column, type, scope);
  });
  return projectPlan(plan, expressions);
}

function cast(column: Expression, type: ColumnType, scope: QueryScope): Expression {
  const from = column.type.typeOid;
  const known = scope.catalog.casts.get(`${from}>${type.typeOid}`);
  if (known?.functionOid === 0 && isTextual(from) && isTextual(type.typeOid)) return { ...column, type };
  if (known === undefined || known.functionOid === 0) {
    throw unsupported(`UNION of ${scope.typeName(from)} with ${scope.typeName(type.typeOid)} is not supported`, {
      hint: "Add a cast.",
    });
  }
  const info = pureFunction(known.functionOid, scope);
  const call = {
    kind: "call",
    name: info.symbol,
    functionOid: info.oid,
    strict: info.strict,
    inputCollation: 0,
  } as const;
  return { ...call, args: [column], type };
}
