import type { OneRowExpression } from "@freshet/sql";
import type { CompileArgument, CompiledExpression, ExpressionContext } from "./context.ts";
import { EvaluationError, EvaluationState } from "./evaluation-error.ts";

/** A scalar subquery's value; an error where the subquery has more than one row. */
export function compileOneRow(
  expression: OneRowExpression,
  context: ExpressionContext,
  compile: CompileArgument,
): CompiledExpression {
  const more = compile(expression.more, context);
  const value = compile(expression.value, context);
  return (row) => {
    if (more(row) !== true) return value(row);
    throw new EvaluationError(
      EvaluationState.cardinalityViolation,
      "more than one row returned by a subquery used as an expression",
    );
  };
}
