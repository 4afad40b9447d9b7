import type {
  CaseExpression,
  CoalesceExpression,
  DistinctFromExpression,
  MinMaxExpression,
  NullIfExpression,
} from "@freshet/sql";
import type { Value } from "@freshet/values";
import type { CompileArgument, CompiledExpression, ExpressionContext } from "./context.ts";
import { findFunction } from "./functions/registry.ts";
import type { ScalarImplementation } from "./functions/scalar-function.ts";
import { orderOf } from "./functions/type-comparison.ts";
import { callName, typeName, unsupported } from "./unsupported.ts";

export function compileCase(
  expression: CaseExpression,
  context: ExpressionContext,
  compile: CompileArgument,
): CompiledExpression {
  const conditions = expression.arms.map((arm) => compile(arm.when, context));
  const results = expression.arms.map((arm) => compile(arm.then, context));
  const otherwise = expression.otherwise === null ? () => null : compile(expression.otherwise, context);
  return (row) => {
    for (let arm = 0; arm < conditions.length; arm++) {
      const condition = conditions[arm] as CompiledExpression;
      if (condition(row) === true) return (results[arm] as CompiledExpression)(row);
    }
    return otherwise(row);
  };
}

export function compileCoalesce(
  expression: CoalesceExpression,
  context: ExpressionContext,
  compile: CompileArgument,
): CompiledExpression {
  const args = expression.args.map((arg) => compile(arg, context));
  return (row) => {
    for (const arg of args) {
      const value = arg(row);
      if (value !== null) return value;
    }
    return null;
  };
}

/** The equality that an expression names for its two sides. */
function equalityOf(
  expression: DistinctFromExpression | NullIfExpression,
  context: ExpressionContext,
): ScalarImplementation {
  const argTypes = [expression.left.type, expression.right.type];
  const equality = findFunction(expression.equality, 0, argTypes, context.codecs);
  if (equality === undefined) throw unsupported(callName(expression.equality, argTypes, context.codecs));
  return equality;
}

/** IS DISTINCT FROM: NULL is a value like others, equal to itself. */
export function compileDistinctFrom(
  expression: DistinctFromExpression,
  context: ExpressionContext,
  compile: CompileArgument,
): CompiledExpression {
  const equality = equalityOf(expression, context);
  const left = compile(expression.left, context);
  const right = compile(expression.right, context);
  return (row) => {
    const a = left(row);
    const b = right(row);
    if (a === null || b === null) return a !== b;
    return equality(a, b) !== true;
  };
}

export function compileNullIf(
  expression: NullIfExpression,
  context: ExpressionContext,
  compile: CompileArgument,
): CompiledExpression {
  const equality = equalityOf(expression, context);
  const left = compile(expression.left, context);
  const right = compile(expression.right, context);
  return (row) => {
    const a = left(row);
    const b = right(row);
    if (a === null || b === null) return a;
    return equality(a, b) === true ? null : a;
  };
}

/** GREATEST and LEAST: of equal values the first stays. */
export function compileMinMax(
  expression: MinMaxExpression,
  context: ExpressionContext,
  compile: CompileArgument,
): CompiledExpression {
  // Of the arguments: a cast that only relabels the result may have changed its type.
  const type = expression.args[0]?.type ?? expression.type;
  const compare = orderOf(type, context.codecs);
  if (compare === undefined) {
    throw unsupported(`${expression.kind.toUpperCase()} of ${typeName(type, context.codecs)}`);
  }
  const args = expression.args.map((arg) => compile(arg, context));
  const direction = expression.kind === "greatest" ? 1 : -1;
  return (row) => {
    let best: Value | null = null;
    for (const arg of args) {
      const value = arg(row);
      if (value === null) continue;
      if (best === null || compare(value, best) * direction > 0) best = value;
    }
    return best;
  };
}
