import type { CallExpression } from "@freshet/sql";
import type { Value } from "@freshet/values";
import { checkCaseCollation } from "./case-collations.ts";
import { checkConstantPattern } from "./constant-patterns.ts";
import type { CompileArgument, CompiledExpression, ExpressionContext } from "./context.ts";
import { findFunction, findNullableFunction } from "./functions/registry.ts";
import { findZonedFunction } from "./functions/zoned-functions.ts";
import type { ScalarImplementation } from "./functions/scalar-function.ts";
import { compileDirectComparison } from "./direct-comparison.ts";
import { callName, requireCodec, unsupported } from "./unsupported.ts";

/** A call of a built-in, its arguments compiled with it. */
export function compileCall(
  expression: CallExpression,
  context: ExpressionContext,
  compile: CompileArgument,
): CompiledExpression {
  const direct = compileDirectComparison(expression);
  if (direct !== undefined) return direct;
  const argTypes = expression.args.map((arg) => arg.type);
  if (!expression.strict) return compileNullable(expression, context, compile);
  const { name, functionOid, inputCollation } = expression;
  checkCaseCollation(name, inputCollation, argTypes, context.codecs);
  const { zone } = expression;
  const implementation =
    zone === undefined
      ? findFunction(name, functionOid, argTypes, context.codecs, inputCollation)
      : findZonedFunction(name, zone);
  if (implementation === undefined) throw unsupported(callName(expression.name, argTypes, context.codecs));
  requireCodec(expression.type, context.codecs);
  checkConstantPattern(expression, implementation, (at) => patternArgument(expression, at, context));
  const args = expression.args.map((arg) => compile(arg, context));
  const [first, second, third] = args;
  if (first === undefined) return () => implementation();
  if (second === undefined) return unary(implementation, first);
  if (args.length > 3) return variadic(implementation, args);
  const constant = constantValue(expression, context);
  if (third !== undefined) return ternary(implementation, first, second, third);
  return constant === undefined ? binary(implementation, first, second) : withConstant(implementation, first, constant);
}

/** A call that is made with NULLs too. */
function compileNullable(
  expression: CallExpression,
  context: ExpressionContext,
  compile: CompileArgument,
): CompiledExpression {
  const argTypes = expression.args.map((arg) => arg.type);
  const implementation = findNullableFunction(expression.name, argTypes, context.codecs);
  if (implementation === undefined) throw unsupported(callName(expression.name, argTypes, context.codecs));
  requireCodec(expression.type, context.codecs);
  const args = expression.args.map((arg) => compile(arg, context));
  return (row) => implementation(...args.map((arg) => arg(row)));
}

/** A text or a number that is a constant argument. */
function patternArgument(
  expression: CallExpression,
  at: number,
  context: ExpressionContext,
): string | number | undefined {
  const value = constantValue(expression, context, at);
  return typeof value === "string" || typeof value === "number" ? value : undefined;
}

/** The value of a constant argument (the second) that is not NULL. */
function constantValue(expression: CallExpression, context: ExpressionContext, at = 1): Value | undefined {
  const arg = expression.args[at];
  if (arg?.kind !== "constant" || arg.value === null) return undefined;
  return requireCodec(arg.type, context.codecs).decode(Buffer.from(arg.value, "latin1"));
}

function unary(implementation: ScalarImplementation, arg: CompiledExpression): CompiledExpression {
  return (row) => {
    const value = arg(row);
    return value === null ? null : implementation(value);
  };
}

function withConstant(implementation: ScalarImplementation, arg: CompiledExpression, right: Value): CompiledExpression {
  return (row) => {
    const left = arg(row);
    return left === null ? null : implementation(left, right);
  };
}

/** Both arguments are evaluated even when the first is NULL: the second may have an error to raise. */
function binary(
  implementation: ScalarImplementation,
  first: CompiledExpression,
  second: CompiledExpression,
): CompiledExpression {
  return (row) => {
    const left = first(row);
    const right = second(row);
    return left === null || right === null ? null : implementation(left, right);
  };
}

function ternary(
  implementation: ScalarImplementation,
  first: CompiledExpression,
  second: CompiledExpression,
  third: CompiledExpression,
): CompiledExpression {
  return (row) => {
    const a = first(row);
    const b = second(row);
    const c = third(row);
    return a === null || b === null || c === null ? null : implementation(a, b, c);
  };
}

function variadic(implementation: ScalarImplementation, args: readonly CompiledExpression[]): CompiledExpression {
  return (row) => {
    const values: Value[] = [];
    let someNull = false;
    for (const arg of args) {
      const value = arg(row);
      if (value === null) someNull = true;
      else values.push(value);
    }
    return someNull ? null : implementation(...values);
  };
}
