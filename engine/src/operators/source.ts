import type { Row } from "@freshet/values";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { RowView } from "../expression/row-view.ts";
import { copyBytes } from "../state/copy-bytes.ts";
import { StatelessOperator } from "./stateless.ts";

/** The named columns (by position) of a row, in the order named, behind `lead` bytes that are the caller's to fill. */
export function pickColumns(view: RowView, positions: readonly number[], lead = 0): Row {
  const { buffer, offsets } = view;
  let size = lead;
  for (const position of positions) size += (offsets[position + 1] as number) - (offsets[position] as number);
  const row = Buffer.allocUnsafe(size);
  let at = lead;
  for (let index = 0; index < positions.length; index++) {
    const first = positions[index] as number;
    let last = first;
    // Neighbours are copied at once.
    for (; positions[index + 1] === last + 1; index++) last++;
    const from = offsets[first] as number;
    const to = offsets[last + 1] as number;
    copyBytes(buffer, from, to, row, at);
    at += to - from;
  }
  return row;
}

/** A table's rows, reduced to the columns that a plan names. */
export class SourceOperator extends StatelessOperator {
  readonly repeats: boolean;
  readonly #positions: readonly number[];
  readonly #tableColumns: number;
  readonly #view = new RowView();

  constructor(positions: readonly number[], tableColumns: number) {
    super();
    this.#positions = positions;
    this.#tableColumns = tableColumns;
    this.repeats = !(positions.length === tableColumns && positions.every((position, index) => position === index));
  }

  protected transform(batch: DeltaBatch): DeltaBatch {
    if (!this.repeats) return batch;
    const result = new DeltaBatch();
    batch.forEach((row, weight) => {
      this.#view.set(row, this.#tableColumns);
      result.push(pickColumns(this.#view, this.#positions), weight);
    });
    return result;
  }
}
