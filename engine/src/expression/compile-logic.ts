import type { BooleanTestExpression, LogicExpression, NullTestExpression } from "@freshet/sql";
import { must } from "@freshet/base";
import type { CompileArgument, CompiledExpression, ExpressionContext } from "./context.ts";

/** AND, OR and NOT with three values, left to right, stopping where the result is known. */
export function compileLogic(
  expression: LogicExpression,
  context: ExpressionContext,
  compile: CompileArgument,
): CompiledExpression {
  const args = expression.args.map((arg) => compile(arg, context));
  if (expression.kind === "not") {
    const arg = must(args[0], "NOT has an argument");
    return (row) => {
      const value = arg(row);
      return value === null ? null : value !== true;
    };
  }
  const deciding = expression.kind === "or";
  const [first, second] = args;
  if (first !== undefined && second !== undefined && args.length === 2) return pair(first, second, deciding);
  return (row) => {
    let unknown = false;
    for (const arg of args) {
      const value = arg(row);
      if (value === deciding) return deciding;
      if (value === null) unknown = true;
    }
    return unknown ? null : !deciding;
  };
}

function pair(first: CompiledExpression, second: CompiledExpression, deciding: boolean): CompiledExpression {
  return (row) => {
    const left = first(row);
    if (left === deciding) return deciding;
    const right = second(row);
    if (right === deciding) return deciding;
    return left === null || right === null ? null : !deciding;
  };
}

export function compileNullTest(
  expression: NullTestExpression,
  context: ExpressionContext,
  compile: CompileArgument,
): CompiledExpression {
  const wanted = expression.kind === "is-null";
  if (expression.arg.kind === "column") {
    const { index } = expression.arg;
    return (row) => row.start(index) < 0 === wanted;
  }
  const arg = compile(expression.arg, context);
  return (row) => (arg(row) === null) === wanted;
}

/** IS [NOT] TRUE, FALSE, UNKNOWN: never NULL. */
export function compileBooleanTest(
  expression: BooleanTestExpression,
  context: ExpressionContext,
  compile: CompileArgument,
): CompiledExpression {
  const arg = compile(expression.arg, context);
  switch (expression.kind) {
    case "is-true":
      return (row) => arg(row) === true;
    case "is-not-true":
      return (row) => arg(row) !== true;
    case "is-false":
      return (row) => arg(row) === false;
    case "is-not-false":
      return (row) => arg(row) !== false;
    case "is-unknown":
      return (row) => arg(row) === null;
    case "is-not-unknown":
      return (row) => arg(row) !== null;
  }
}
