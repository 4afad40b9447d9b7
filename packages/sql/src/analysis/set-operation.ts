import { must } from "@freshet/base";
import type { ColumnType } from "@freshet/values";
import type { Expression } from "../plan/expression.ts";
import { distinctPlan, projectPlan, unionAllPlan } from "../plan/plan-build.ts";
import type { Plan } from "../plan/plan.ts";
import { hasEquality } from "./catalog-types.ts";
import type { TreeNode } from "./node-tree.ts";
import { planSubquery } from "./plan-entry.ts";
import type { QueryScope, Relation, TranslationContext } from "./query-scope.ts";
import { checkCollation, pureFunction } from "./translate-call.ts";
import { isTextual } from "./type-support.ts";
import { unsupported } from "./unsupported.ts";

const OPERATIONS: ReadonlyMap<number, "union" | "intersect" | "except"> = new Map([
  [1, "union"],
  [2, "intersect"],
  [3, "except"],
]);

/** Plans UNION, INTERSECT and EXCEPT [ALL]; the result's columns have the symbols of the leftmost branch's columns. */
export function planSetOperation(node: TreeNode, scope: QueryScope, context: TranslationContext): Relation {
  const plan = planBranch(node, scope, context);
  const varno = leftmost(node);
  const symbols = plan.columns.map((type, index) => scope.column(varno, index + 1, type).index);
  return { plan, symbols };
}

/** The two branches of a UNION, with the result's columns. */
export function planUnion(
  node: TreeNode,
  scope: QueryScope,
  context: TranslationContext,
): { readonly branches: readonly [Plan, Plan]; readonly columns: readonly ColumnType[]; readonly all: boolean } {
  const columns = resultTypes(node);
  const all = node.flag("all");
  if (!all) checkEquality("UNION", columns, scope);
  const branch = (side: "larg" | "rarg"): Plan => coerce(planBranch(node.node(side), scope, context), columns, scope);
  return { branches: [branch("larg"), branch("rarg")], columns, all };
}

function leftmost(node: TreeNode): number {
  return node.type === "RANGETBLREF" ? node.int("rtindex") : leftmost(node.node("larg"));
}

function planBranch(node: TreeNode, scope: QueryScope, context: TranslationContext): Plan {
  if (node.type === "RANGETBLREF") return planSubquery(scope.entry(node.int("rtindex")), null, scope, context);
  const operation = must(OPERATIONS.get(node.int("op")), "an unknown set operation");
  const all = node.flag("all");
  const columns = resultTypes(node);
  const branch = (side: "larg" | "rarg"): Plan => coerce(planBranch(node.node(side), scope, context), columns, scope);
  const [left, right] = [branch("larg"), branch("rarg")];
  if (operation !== "union" || !all) checkEquality(operation.toUpperCase(), columns, scope);
  if (operation !== "union") return { kind: "set-operation", operation, all, left, right, columns };
  const both = unionAllPlan([left, right], columns);
  return all ? both : distinctPlan(both);
}

function checkEquality(name: string, columns: readonly ColumnType[], scope: QueryScope): void {
  for (const column of columns) {
    if (!hasEquality(scope.catalog.types, column.typeOid)) {
      throw unsupported(`${name} over type ${scope.typeName(column.typeOid)} is not supported`);
    }
    checkCollation(name, false, column.collation, scope);
  }
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
    const from = must(plan.columns[index], "the branches of a set operation have equally many columns");
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
    throw unsupported(
      `a set operation of ${scope.typeName(from)} with ${scope.typeName(type.typeOid)} is not supported`,
      {
        hint: "Add a cast.",
      },
    );
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
