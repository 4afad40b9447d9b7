import type { Expression } from "@freshet/sql";
import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import { type ColumnType, packRow, type Row } from "@freshet/values";
import { consolidate, DeltaBatch } from "../delta/delta-batch.ts";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { RowView } from "../expression/row-view.ts";
import { compareKeys } from "../state/compare-keys.ts";
import { KeyBuilder } from "../state/key-builder.ts";
import { addWeight, decodeMultisetEntry, multisetKey, pagedScan } from "../state/multiset.ts";
import type { Tally } from "../state/tally.ts";
import { ENUMERATED_ROWS } from "./arrange.ts";
import { compileBytes, type CompileContext, requireEquality } from "./evaluate.ts";
import type { Enumeration, Operator } from "./operator.ts";

interface PartitionedDelta {
  readonly prefix: Buffer;
  readonly key: Buffer;
  readonly row: Row;
  readonly weight: number;
}

const [ALONE, WITH_OTHERS] = [packRow([Buffer.from([0])]), packRow([Buffer.from([1])])];

/**
 * Per partition its first row, and whether there are more. Rows are kept by partition; a change reads two
 * entries of the partition before and after, so that it costs the same in partitions of any size.
 */
export class SingleRowOperator implements Operator {
  readonly repeats = false;
  readonly #partition: KeyBuilder;
  readonly #columns: number;
  readonly #arrangement: number;
  readonly #view = new RowView();

  constructor(
    partition: readonly Expression[],
    columns: readonly ColumnType[],
    arrangement: number,
    context: CompileContext,
  ) {
    this.#partition = new KeyBuilder(
      partition.map((expression) => compileBytes(expression, columns, context)),
      partition.map((expression) => requireEquality(context, expression.type)),
    );
    this.#columns = columns.length;
    this.#arrangement = arrangement;
  }

  apply(transaction: WriteTransaction, inputs: readonly DeltaBatch[], tally: Tally): DeltaBatch {
    const deltas = this.#evaluate(inputs[0] as DeltaBatch, tally);
    const output = new DeltaBatch();
    let from = 0;
    while (from < deltas.length) {
      const { prefix } = deltas[from] as PartitionedDelta;
      const changes = new DeltaBatch();
      this.#readPartition(transaction, prefix, -1, changes);
      for (; deltas[from]?.prefix.equals(prefix) === true; from++) {
        const { key, row, weight } = deltas[from] as PartitionedDelta;
        addWeight(transaction, this.#arrangement, key, prefix.length, row, weight, tally);
      }
      this.#readPartition(transaction, prefix, 1, changes);
      consolidate(changes).forEach((row, weight) => output.push(row, weight));
    }
    return output;
  }

  *enumerate(reads: ReadTransaction): Enumeration {
    let batch = new DeltaBatch();
    let last = null as { readonly prefix: Buffer; readonly row: Row; more: boolean } | null;
    for (const entry of pagedScan(reads, this.#arrangement)) {
      const { row, weight, prefixLength } = decodeMultisetEntry(entry);
      const prefix = entry.key.subarray(0, prefixLength);
      if (last?.prefix.equals(prefix) === true) {
        last.more = true;
        continue;
      }
      if (last !== null) batch.push(Buffer.concat([last.row, last.more ? WITH_OTHERS : ALONE]), 1);
      last = { prefix, row, more: weight > 1 };
      if (batch.length < ENUMERATED_ROWS) continue;
      yield batch;
      batch = new DeltaBatch();
    }
    if (last !== null) batch.push(Buffer.concat([last.row, last.more ? WITH_OTHERS : ALONE]), 1);
    if (batch.length > 0) yield batch;
  }

  /** The batch's deltas, those of one partition together. */
  #evaluate(batch: DeltaBatch, tally: Tally): readonly PartitionedDelta[] {
    const deltas: PartitionedDelta[] = [];
    batch.forEach((row, weight) => {
      this.#view.set(row, this.#columns);
      try {
        const prefix = this.#partition.build(this.#view);
        deltas.push({ prefix, key: multisetKey(prefix, row), row, weight });
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        tally.errors += weight;
      }
    });
    return deltas.sort((a, b) => compareKeys(a.key, b.key));
  }

  /** Pushes the partition's output row, if it has one. */
  #readPartition(reads: ReadTransaction, prefix: Buffer, weight: number, changes: DeltaBatch): void {
    const entries = [...reads.scanPrefix(this.#arrangement, prefix, 2)].map((entry) => decodeMultisetEntry(entry));
    const [first] = entries;
    if (first === undefined) return;
    const more = entries.length > 1 || first.weight > 1;
    changes.push(Buffer.concat([first.row, more ? WITH_OTHERS : ALONE]), weight);
  }
}
