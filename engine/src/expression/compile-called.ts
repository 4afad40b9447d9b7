import type { CalledExpression } from "@freshet/sql";
import type { CompileArgument, CompiledExpression, ExpressionContext } from "./context.ts";
import { EvaluationError } from "./evaluation-error.ts";

/** The result of a call that PostgreSQL made; fails as the call did. */
export function compileCalled(
  expression: CalledExpression,
  context: ExpressionContext,
  compile: CompileArgument,
): CompiledExpression {
  const failure = compile(expression.failure, context);
  const value = compile(expression.value, context);
  return (row) => {
    const code = failure(row);
    if (code === null) return value(row);
    throw new EvaluationError(typeof code === "string" ? code : "XX000", "PostgreSQL could not evaluate a function");
  };
}
