import type { ConstantExpression, Expression } from "@freshet/sql";
import { unreachable } from "@freshet/base";
import type { CodecSet, ColumnType, Value } from "@freshet/values";
import { compileColumn } from "./column-reader.ts";
import { compileAnyAll } from "./compile-any-all.ts";
import { compileCall } from "./compile-call.ts";
import { compileCalled } from "./compile-called.ts";
import { compileCase, compileCoalesce, compileDistinctFrom, compileMinMax, compileNullIf } from "./compile-choice.ts";
import { compileBooleanTest, compileLogic, compileNullTest } from "./compile-logic.ts";
import { compileOneRow } from "./compile-one-row.ts";
import { compileTextCast } from "./compile-text-cast.ts";
import type { CompiledExpression, ExpressionContext } from "./context.ts";
import type { RowView } from "./row-view.ts";
import { requireCodec, unsupported } from "./unsupported.ts";

/**
 * Compiles an expression to a closure. Throws a FreshetError (0A000) that names what is not supported;
 * what the closure throws is EvaluationError.
 */
export function compileExpression(expression: Expression, context: ExpressionContext): CompiledExpression {
  switch (expression.kind) {
    case "column":
      return compileColumn(expression, context);
    case "constant":
      return compileConstant(expression, context);
    case "parameter":
      throw unsupported(`parameter $${expression.number}`);
    case "call":
      return compileCall(expression, context, compileExpression);
    case "and":
    case "or":
    case "not":
      return compileLogic(expression, context, compileExpression);
    case "is-null":
    case "is-not-null":
      return compileNullTest(expression, context, compileExpression);
    case "is-true":
    case "is-not-true":
    case "is-false":
    case "is-not-false":
    case "is-unknown":
    case "is-not-unknown":
      return compileBooleanTest(expression, context, compileExpression);
    case "distinct-from":
      return compileDistinctFrom(expression, context, compileExpression);
    case "case":
      return compileCase(expression, context, compileExpression);
    case "coalesce":
      return compileCoalesce(expression, context, compileExpression);
    case "nullif":
      return compileNullIf(expression, context, compileExpression);
    case "greatest":
    case "least":
      return compileMinMax(expression, context, compileExpression);
    case "any":
    case "all":
      return compileAnyAll(expression, context, compileExpression);
    case "text-cast":
      return compileTextCast(expression, context, compileExpression);
    case "one-row":
      return compileOneRow(expression, context, compileExpression);
    case "called":
      return compileCalled(expression, context, compileExpression);
    case "upstream":
      throw unsupported("a call that was not lifted out of its expression");
    case "outer":
      throw unsupported("a reference to a row around its subquery");
    default:
      return unreachable(expression, "expression");
  }
}

function compileConstant(expression: ConstantExpression, context: ExpressionContext): CompiledExpression {
  if (expression.value === null) return () => null;
  const value = requireCodec(expression.type, context.codecs).decode(Buffer.from(expression.value, "latin1"));
  return () => value;
}

/** Whether a predicate's value lets a row pass: NULL does not. */
export function isTrue(value: Value | null): boolean {
  return value === true;
}

/** A value in the binary send format of its type. */
export function encodeResult(value: Value | null, type: ColumnType, codecs: CodecSet): Buffer | null {
  return value === null ? null : requireCodec(type, codecs).encode(value);
}

/** Evaluates to binary send format; the buffer may be a view on the row's memory. */
export type CompiledBytes = (row: RowView) => Buffer | null;

/**
 * Compiles an expression whose result is wanted as bytes (a projection, a key). Columns and constants
 * pass through as they are, without being decoded.
 */
export function compileBytes(expression: Expression, context: ExpressionContext): CompiledBytes {
  if (expression.kind === "column") {
    const { index } = expression;
    return (row) => row.bytes(index);
  }
  if (expression.kind === "constant") {
    const bytes = expression.value === null ? null : Buffer.from(expression.value, "latin1");
    return () => bytes;
  }
  const evaluate = compileExpression(expression, context);
  const codec = requireCodec(expression.type, context.codecs);
  return (row) => {
    const value = evaluate(row);
    return value === null ? null : codec.encode(value);
  };
}
