import type { Expression } from "../plan/expression.ts";
import { equalityOf } from "./operators.ts";

/** Whether the expression is NULL wherever every column for which `isNull` holds is. */
function isNullWith(expression: Expression, isNull: (symbol: number) => boolean): boolean {
  switch (expression.kind) {
    case "column":
      return isNull(expression.index);
    case "call":
      return expression.strict && expression.args.some((arg) => isNullWith(arg, isNull));
    case "not":
      return expression.args.every((arg) => isNullWith(arg, isNull));
    case "text-cast":
      return isNullWith(expression.arg, isNull);
    case "one-row":
      return isNullWith(expression.value, isNull);
    default:
      return false;
  }
}

/**
 * Whether a condition cannot be true where the columns for which `isNull` holds are NULL. Above a left join
 * such a condition drops the padded rows, so that the join may as well be an inner one.
 */
export function rejectsNulls(condition: Expression, isNull: (symbol: number) => boolean): boolean {
  switch (condition.kind) {
    case "and":
      return condition.args.some((arg) => rejectsNulls(arg, isNull));
    case "or":
      return condition.args.every((arg) => rejectsNulls(arg, isNull));
    case "is-not-null":
    case "is-true":
    case "is-false":
    case "is-not-unknown":
      return isNullWith(condition.arg, isNull);
    case "any":
      return equalityOf(condition.name) !== undefined && isNullWith(condition.left, isNull);
    default:
      return isNullWith(condition, isNull);
  }
}
