import type { Expression } from "../plan/expression.ts";
import { columnsOf, expressionChildren } from "../plan/expression-walk.ts";

/** A subquery costs more than any condition that is written without one. */
const SUBQUERY_COST = 1e6;
/** The elements that PostgreSQL expects of an array that it does not know. */
const EXPECTED_ELEMENTS = 10;

/** The number of elements of an array in send format: dimensions, two words, then the length and lower bound of each. */
function elementsOf(array: Expression): number {
  if (array.kind !== "constant" || array.value === null) return EXPECTED_ELEMENTS;
  const bytes = Buffer.from(array.value, "latin1");
  const dimensions = bytes.readInt32BE(0);
  let elements = dimensions === 0 ? 0 : 1;
  for (let index = 0; index < dimensions; index++) elements *= bytes.readInt32BE(12 + 8 * index);
  return elements;
}

/**
 * What evaluating the expression costs once, in calls of operators, as PostgreSQL's `cost_qual_eval` counts it: among the conditions
 * on one relation it evaluates cheap ones first, and equal ones as written. Constants are folded before.
 */
export function evaluationCost(expression: Expression): number {
  if (expression.kind === "one-row") return SUBQUERY_COST;
  if (columnsOf(expression).size === 0) return 0;
  const below = expressionChildren(expression).reduce((sum, child) => sum + evaluationCost(child), 0);
  return below + ownCost(expression);
}

function ownCost(expression: Expression): number {
  switch (expression.kind) {
    case "call":
      return expression.functionOid === 0 ? 0 : 1;
    case "any":
    case "all":
      return elementsOf(expression.array) / 2;
    case "distinct-from":
    case "nullif":
    case "greatest":
    case "least":
      return 1;
    case "text-cast":
      return 2;
    case "upstream":
      return expression.functions.reduce((sum, called) => sum + called.cost, 0);
    default:
      return 0;
  }
}

/** The conditions in the order in which PostgreSQL evaluates them. */
export function byCost(conjuncts: readonly Expression[]): Expression[] {
  const costs = new Map(conjuncts.map((conjunct) => [conjunct, evaluationCost(conjunct)] as const));
  return conjuncts.toSorted((a, b) => (costs.get(a) ?? 0) - (costs.get(b) ?? 0));
}
