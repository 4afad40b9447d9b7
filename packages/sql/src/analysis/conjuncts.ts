import { must } from "@freshet/base";
import type { Expression, LogicExpression } from "../plan/expression.ts";
import { conjunction } from "../plan/plan-build.ts";
import { canonicalJson } from "../plan/plan-hash.ts";

const TRUE = "\x01";

/**
 * The expressions whose conjunction `expression` is. What all arms of an OR have in common is taken out of it,
 * as PostgreSQL does: `(a = b AND x) OR (a = b AND y)` joins by `a = b`.
 */
export function splitConjuncts(expression: Expression | null): Expression[] {
  if (expression === null || (expression.kind === "constant" && expression.value === TRUE)) return [];
  if (expression.kind === "and") return expression.args.flatMap(splitConjuncts);
  return expression.kind === "or" ? factorOr(expression) : [expression];
}

function factorOr(expression: LogicExpression): Expression[] {
  const arms = flattenOr(expression).map(splitConjuncts);
  const texts = arms.map((arm) => new Set(arm.map(canonicalJson)));
  const isCommon = (text: string): boolean => texts.every((arm) => arm.has(text));
  const common = new Map(must(arms[0]).map((conjunct) => [canonicalJson(conjunct), conjunct] as const));
  for (const text of common.keys()) if (!isCommon(text)) common.delete(text);
  if (common.size === 0) return [expression];
  const rests = arms.map((arm) => arm.filter((conjunct) => !common.has(canonicalJson(conjunct))));
  // An arm that asks for nothing more holds wherever the common part does.
  if (rests.some((rest) => rest.length === 0)) return [...common.values()];
  return [...common.values(), { ...expression, args: rests.map(conjunction) }];
}

function flattenOr(expression: Expression): readonly Expression[] {
  return expression.kind === "or" ? expression.args.flatMap(flattenOr) : [expression];
}
