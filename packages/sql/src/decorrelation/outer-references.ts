import type { ColumnType } from "@freshet/values";
import type { Expression, OuterExpression } from "../plan/expression.ts";
import { mapExpression, walkExpression } from "../plan/expression-walk.ts";
import { planExpressions, planInputs } from "../plan/plan-walk.ts";
import type { Plan } from "../plan/plan.ts";

/** What a subquery reads of the rows around it: symbols and their types. */
export type OuterTypes = ReadonlyMap<number, ColumnType>;

export function outersIn(expressions: readonly Expression[]): OuterTypes {
  const found = new Map<number, ColumnType>();
  for (const expression of expressions) {
    walkExpression(expression, (node) => {
      if (node.kind === "outer") found.set(node.index, node.type);
    });
  }
  return found;
}

const NONE: OuterTypes = new Map();
const known = new WeakMap<Plan, OuterTypes>();

/** The symbols that the plan's expressions, at any depth, read of rows around it. */
export function planOuters(plan: Plan): OuterTypes {
  const before = known.get(plan);
  if (before !== undefined) return before;
  const parts = [outersIn(planExpressions(plan)), ...planInputs(plan).map(planOuters)].filter((part) => part.size > 0);
  const all = parts.length === 0 ? NONE : new Map(parts.flatMap((part) => [...part]));
  known.set(plan, all);
  return all;
}

export function mapOuters(expression: Expression, replace: (outer: OuterExpression) => Expression): Expression {
  return mapExpression(expression, (node) => (node.kind === "outer" ? replace(node) : undefined));
}
