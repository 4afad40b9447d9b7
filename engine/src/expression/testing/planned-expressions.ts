import { FreshetError, must } from "@freshet/base";
import { type AnalysisConnection, type Expression, planStatement } from "@freshet/sql";
import { type CodecSet, type ColumnType, packRow } from "@freshet/values";
import { compileExpression, encodeResult } from "../compile.ts";
import { EvaluationError } from "../evaluation-error.ts";
import { RowView } from "../row-view.ts";

/** An expression of a SELECT over one table, and the table's columns that it reads, as attribute numbers. */
export interface PlannedExpression {
  readonly expression: Expression;
  readonly attributes: readonly number[];
  readonly columns: readonly ColumnType[];
}

/** Plans `SELECT sql FROM table`; the reason, where it cannot be cached. */
export async function planExpression(
  connection: AnalysisConnection,
  table: string,
  sql: string,
): Promise<PlannedExpression | string> {
  try {
    const text = `SELECT ${sql} AS result FROM ${table}`;
    const { plan } = await planStatement(connection, { text, searchPath: ["public"], liftLiterals: false });
    const top = plan.plan;
    if (top.kind !== "project" || top.input.kind !== "scan") return `planned as ${top.kind}`;
    const { attributes, columns } = top.input;
    return { expression: must(top.expressions[0]), attributes, columns };
  } catch (error) {
    if (error instanceof FreshetError) return error.message;
    throw error;
  }
}

/** Evaluates a planned expression on a row given by attribute number: hex, null, `!SQLSTATE` or `declined`. */
export function evaluatePlanned(
  { expression, attributes, columns }: PlannedExpression,
  codecs: CodecSet,
): (row: readonly (Buffer | null)[]) => string | null {
  const compiled = compileExpression(expression, { columns, codecs });
  const view = new RowView();
  return (row) => {
    view.set(packRow(attributes.map((attribute) => row[attribute - 1] ?? null)), attributes.length);
    try {
      return encodeResult(compiled(view), expression.type, codecs)?.toString("hex") ?? null;
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      return error.declined ? "declined" : `!${error.code}`;
    }
  };
}
