import type { Expression } from "@freshet/sql";
import { type ColumnType, packRow } from "@freshet/values";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { RowView } from "../expression/row-view.ts";
import type { Tally } from "../state/tally.ts";
import { compileBytes, type BytesReader, type CompileContext } from "./evaluate.ts";
import { pickColumns } from "./source.ts";
import { StatelessOperator } from "./stateless.ts";

/** Rows of computed columns; rows that an expression fails on count as errors. */
export class ProjectOperator extends StatelessOperator {
  readonly repeats = true;
  readonly #readers: readonly BytesReader[];
  /** Positions when every expression is a plain column: these are copied without a look inside. */
  readonly #positions: readonly number[] | null;
  readonly #columns: number;
  readonly #view = new RowView();

  constructor(expressions: readonly Expression[], columns: readonly ColumnType[], context: CompileContext) {
    super();
    this.#readers = expressions.map((expression) => compileBytes(expression, columns, context));
    const positions = expressions.flatMap((expression) => (expression.kind === "column" ? [expression.index] : []));
    this.#positions = positions.length === expressions.length ? positions : null;
    this.#columns = columns.length;
  }

  protected transform(batch: DeltaBatch, tally: Tally): DeltaBatch {
    const result = new DeltaBatch();
    batch.forEach((row, weight) => {
      this.#view.set(row, this.#columns);
      if (this.#positions !== null) {
        result.push(pickColumns(this.#view, this.#positions), weight);
        return;
      }
      try {
        result.push(packRow(this.#readers.map((read) => read(this.#view))), weight);
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        tally.errors += weight;
      }
    });
    return result;
  }
}
