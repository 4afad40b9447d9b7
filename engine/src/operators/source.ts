import type { Row } from "@freshet/values";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { RowView } from "../expression/row-view.ts";
import { StatelessOperator } from "./stateless.ts";

/** The named columns (by position) of a row, in the order named. */
export function pickColumns(view: RowView, positions: readonly number[]): Row {
  let size = 0;
  for (const position of positions) {
    size += (view.offsets[position + 1] as number) - (view.offsets[position] as number);
  }
  const row = Buffer.allocUnsafe(size);
  let at = 0;
  for (const position of positions) {
    const from = view.offsets[position] as number;
    const to = view.offsets[position + 1] as number;
    view.buffer.copy(row, at, from, to);
    at += to - from;
  }
  return row;
}

/** A table's rows, reduced to the columns that a plan names. */
export class SourceOperator extends StatelessOperator {
  readonly repeats = true;
  readonly #positions: readonly number[];
  readonly #tableColumns: number;
  readonly #whole: boolean;
  readonly #view = new RowView();

  constructor(positions: readonly number[], tableColumns: number) {
    super();
    this.#positions = positions;
    this.#tableColumns = tableColumns;
    this.#whole = positions.length === tableColumns && positions.every((position, index) => position === index);
  }

  protected transform(batch: DeltaBatch): DeltaBatch {
    if (this.#whole) return batch;
    const result = new DeltaBatch();
    batch.forEach((row, weight) => {
      this.#view.set(row, this.#tableColumns);
      result.push(pickColumns(this.#view, this.#positions), weight);
    });
    return result;
  }
}
