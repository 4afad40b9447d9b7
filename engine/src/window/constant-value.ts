import type { Expression } from "@freshet/sql";
import { columnsOf } from "@freshet/sql";
import type { Value } from "@freshet/values";
import { compileExpression } from "../expression/compile.ts";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { RowView } from "../expression/row-view.ts";
import { unsupported } from "../expression/unsupported.ts";
import type { CompileContext } from "../operators/evaluate.ts";

export function isConstant(expression: Expression): boolean {
  return columnsOf(expression).size === 0;
}

/** The value of an expression without columns; one that fails is refused (0A000), as every row would fail. */
export function constantValue(expression: Expression, context: CompileContext): Value | null {
  try {
    return compileExpression(expression, { columns: [], codecs: context.codecs })(new RowView());
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    throw unsupported(`a window whose constant cannot be computed (${error.message})`);
  }
}
