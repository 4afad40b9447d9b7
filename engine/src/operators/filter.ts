import type { Expression } from "@freshet/sql";
import type { ColumnType } from "@freshet/values";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { RowView } from "../expression/row-view.ts";
import type { Tally } from "../state/tally.ts";
import { compilePredicate, type CompileContext } from "./evaluate.ts";
import { StatelessOperator } from "./stateless.ts";

/** Rows whose predicate is true; rows it fails on count as errors. */
export class FilterOperator extends StatelessOperator {
  readonly repeats = false;
  readonly #predicate: (row: RowView) => boolean;
  readonly #columns: number;
  readonly #view = new RowView();

  constructor(predicate: Expression, columns: readonly ColumnType[], context: CompileContext) {
    super();
    this.#predicate = compilePredicate(predicate, columns, context);
    this.#columns = columns.length;
  }

  protected transform(batch: DeltaBatch, tally: Tally): DeltaBatch {
    const result = new DeltaBatch();
    batch.forEach((row, weight) => {
      this.#view.set(row, this.#columns);
      try {
        if (this.#predicate(this.#view)) result.push(row, weight);
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        tally.errors += weight;
      }
    });
    return result;
  }
}
