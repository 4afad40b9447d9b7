import { FreshetError, must } from "@freshet/base";
import { type QueryPlan, mapExpression } from "@freshet/sql";
import { type CodecSet, type Row, packRow } from "@freshet/values";
import { compileExpression, isTrue } from "../expression/compile.ts";
import type { ExpressionContext } from "../expression/context.ts";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { RowView } from "../expression/row-view.ts";

/** Given the parameters' values in send format: whether a row that the view holds belongs to the answer. */
export type ReadCondition = (parameters: readonly (Buffer | null)[]) => (row: Row) => boolean;

/**
 * Compiles the conditions that are looked at when the view is read: parameters are columns behind those of the row. A row on
 * which one fails throws a FreshetError with PostgreSQL's SQLSTATE (0A000: it is not evaluated here).
 */
export function compileRead(query: QueryPlan, codecs: CodecSet): ReadCondition {
  const { conditions, stored } = must(query.read, "the plan has conditions for its reader");
  const columns = [...query.plan.columns.slice(0, stored), ...query.parameters.map(({ type }) => type)];
  const context: ExpressionContext = { columns, codecs };
  const compiled = conditions.map((condition) =>
    compileExpression(
      mapExpression(condition, (node) =>
        node.kind === "parameter" ? { kind: "column", index: stored + node.number - 1, type: node.type } : undefined,
      ),
      context,
    ),
  );
  const view = new RowView();
  return (parameters) => {
    const tail = packRow(parameters);
    return (row) => {
      view.set(Buffer.concat([row, tail]), columns.length);
      try {
        return compiled.every((condition) => isTrue(condition(view)));
      } catch (thrown) {
        if (thrown instanceof EvaluationError) throw new FreshetError(thrown.code, thrown.message);
        throw thrown;
      }
    };
  };
}
