import type { Expression } from "@freshet/sql";
import type { CodecSet, ColumnType, Value } from "@freshet/values";
import type { RowView } from "./row-view.ts";

/** What an expression is compiled against. */
export interface ExpressionContext {
  /** Types of the input row's columns. */
  readonly columns: readonly ColumnType[];
  readonly codecs: CodecSet;
}

/** Evaluates on one row; null for NULL. Throws EvaluationError where PostgreSQL would raise an error. */
export type CompiledExpression = (row: RowView) => Value | null;

/** The compiler of any expression, which the compilers of single node kinds call for their arguments. */
export type CompileArgument = (expression: Expression, context: ExpressionContext) => CompiledExpression;
