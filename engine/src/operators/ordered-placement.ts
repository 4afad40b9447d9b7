import { SqlState } from "@freshet/base";
import { writeSortKey } from "@freshet/contract";
import type { Expression, SortKey } from "@freshet/sql";
import { type ColumnType, KeyWriter, type Row } from "@freshet/values";
import type { DeltaBatch } from "../delta/delta-batch.ts";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { RowView } from "../expression/row-view.ts";
import { compareKeys } from "../state/compare-keys.ts";
import { KeyBuilder } from "../state/key-builder.ts";
import { MAX_ORDERED_BYTES, multisetKey } from "../state/multiset.ts";
import type { Tally } from "../state/tally.ts";
import { compileBytes, type CompileContext, requireEquality } from "./evaluate.ts";
import { compileSortColumns, type SortColumn } from "./sort-key.ts";

/** A delta and its place in an arrangement by partition, sort key and row bytes. */
export interface PlacedDelta {
  readonly partition: Buffer;
  /** Bytes of `key` that hold the partition and the sort key; rows that agree in them are peers. */
  readonly prefixLength: number;
  readonly key: Buffer;
  readonly row: Row;
  readonly weight: number;
}

/** Where the rows of an operator lie that keeps them in order within partitions. */
export class OrderedPlacement {
  readonly sort: readonly SortColumn[];
  readonly #partition: KeyBuilder;
  readonly #check: ((view: RowView) => void) | undefined;
  readonly #columns: number;
  readonly #writer = new KeyWriter();
  readonly #view = new RowView();

  /** `check` throws an EvaluationError for rows that are to count as errors although they could be placed. */
  constructor(
    spec: { readonly partition: readonly Expression[]; readonly sort: readonly SortKey[] },
    columns: readonly ColumnType[],
    context: CompileContext,
    check?: (view: RowView) => void,
  ) {
    this.#partition = new KeyBuilder(
      spec.partition.map((expression) => compileBytes(expression, columns, context)),
      spec.partition.map((expression) => requireEquality(context, expression.type)),
    );
    this.sort = compileSortColumns(spec.sort, columns, context);
    this.#check = check;
    this.#columns = columns.length;
  }

  /** The batch's deltas in the arrangement's order; rows on which an expression fails count as errors and are left out. */
  place(batch: DeltaBatch, tally: Tally): PlacedDelta[] {
    const deltas: PlacedDelta[] = [];
    batch.forEach((row, weight) => {
      try {
        deltas.push(this.#placed(row, weight));
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        tally.errors += weight;
      }
    });
    return deltas.sort((a, b) => compareKeys(a.key, b.key));
  }

  partitionOf(row: Row): Buffer {
    this.#view.set(row, this.#columns);
    return this.#partition.build(this.#view);
  }

  #placed(row: Row, weight: number): PlacedDelta {
    const partition = this.partitionOf(row);
    this.#check?.(this.#view);
    const writer = this.#writer;
    writer.truncate(0);
    writer.bytes(partition);
    for (const { read, codec, flags } of this.sort) writeSortKey(writer, codec, read(this.#view), flags);
    if (writer.length - partition.length > MAX_ORDERED_BYTES) {
      throw new EvaluationError(SqlState.programLimitExceeded, "a sort key is too long to be kept in order", true);
    }
    const prefix = writer.peek();
    return { partition, prefixLength: prefix.length, key: multisetKey(prefix, row), row, weight };
  }
}
