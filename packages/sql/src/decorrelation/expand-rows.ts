import type { Relation } from "../analysis/query-scope.ts";
import type { Expression } from "../plan/expression.ts";
import { mapExpression } from "../plan/expression-walk.ts";
import { expandPlan, projectPlan } from "../plan/plan-build.ts";
import type { ExpandPlan, Plan } from "../plan/plan.ts";
import { mapSource } from "../plan/row-source.ts";
import { columnsTo } from "./dependent.ts";

/** A plan as filters and a select list over rows made of nothing but values from outside. */
interface MadeRows {
  readonly made: ExpandPlan;
  /** Over the columns of `made`. */
  readonly columns: readonly Expression[];
  readonly conjuncts: readonly Expression[];
}

function unfold(plan: Plan): MadeRows | null {
  switch (plan.kind) {
    case "expand":
      if (plan.input.kind !== "unit" || plan.outer || plan.residual !== null) return null;
      return { made: plan, columns: columnsTo(plan, plan.columns.length), conjuncts: [] };
    case "project": {
      const below = unfold(plan.input);
      return below && { ...below, columns: plan.expressions.map((expression) => over(below.columns, expression)) };
    }
    case "filter": {
      const below = unfold(plan.input);
      return below && { ...below, conjuncts: [...below.conjuncts, over(below.columns, plan.predicate)] };
    }
    default:
      return null;
  }
}

/** The expression with `columns` in the place of those that it reads. */
function over(columns: readonly Expression[], expression: Expression): Expression {
  return mapExpression(expression, (node) => {
    const column = node.kind === "column" ? columns[node.index] : undefined;
    return column && { ...column, type: node.type };
  });
}

/**
 * The join of a relation with rows that are made of each of its rows alone (a function or VALUES in FROM that reads
 * other items): each row is expanded where it stands, and nothing is kept. `residual` is over the columns of both.
 * Null where the right side is more than that.
 */
export function expandRows(
  join: "inner" | "left",
  left: Relation,
  right: Plan,
  residual: readonly Expression[],
): Plan | null {
  const rows = unfold(right);
  if (rows === null) return null;
  // A computed column of a row that is not there would have to be NULL.
  if (join === "left" && rows.columns.some((column) => column.kind !== "column")) return null;
  const width = left.plan.columns.length;
  const atLeft = (expression: Expression): Expression =>
    mapExpression(expression, (node) => {
      if (node.kind === "column") return { ...node, index: width + node.index };
      const position = node.kind === "outer" ? left.symbols.indexOf(node.index) : -1;
      return position < 0 ? undefined : { kind: "column", index: position, type: node.type };
    });
  const own = rows.columns.map(atLeft);
  const all = [...columnsTo(left.plan, width), ...own];
  const expanded = expandPlan(
    left.plan,
    rows.made.sources.map((source) => mapSource(source, atLeft)),
    {
      ordinality: rows.made.ordinality,
      outer: join === "left",
      residual: [...rows.conjuncts.map(atLeft), ...residual.map((conjunct) => over(all, conjunct))],
    },
  );
  return projectPlan(expanded, all);
}
