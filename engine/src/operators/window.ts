import { must, SqlState } from "@freshet/base";
import { writeSortKey } from "@freshet/contract";
import type { WindowPlan } from "@freshet/sql";
import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import { type Codec, type ColumnType, KeyWriter, type Row, type Value } from "@freshet/values";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { RowView } from "../expression/row-view.ts";
import { compareKeys } from "../state/compare-keys.ts";
import { KeyBuilder } from "../state/key-builder.ts";
import { addWeight, decodeMultisetEntry, MAX_ORDERED_BYTES, multisetKey, pagedScan } from "../state/multiset.ts";
import type { Tally } from "../state/tally.ts";
import { type ChainSpec, ChainState } from "../window/chain-state.ts";
import { Checkpoints, isCheckpointKey } from "../window/checkpoints.ts";
import { compileWindowCall } from "../window/compile-call.ts";
import type { CompiledCall } from "../window/compiled-call.ts";
import { evaluateStretch } from "../window/evaluate-stretch.ts";
import { type CallArguments, type RowEvaluator, WindowEntry } from "../window/partition-entries.ts";
import { PartitionUpdate } from "../window/partition-update.ts";
import { WindowRows } from "../window/window-rows.ts";
import { ENUMERATED_ROWS } from "./arrange.ts";
import { type BytesReader, compileBytes, type CompileContext, requireEquality, requireOrder } from "./evaluate.ts";
import type { Enumeration, Operator } from "./operator.ts";

export type WindowSpec = Pick<WindowPlan, "partition" | "sort" | "calls">;

interface PlacedDelta {
  readonly partition: Buffer;
  readonly prefixLength: number;
  readonly key: Buffer;
  readonly row: Row;
  readonly weight: number;
}

/**
 * Window functions over one partitioning and order. The rows lie in an arrangement by partition, sort key and row
 * bytes; a second one holds checkpoints: what the calls make of all rows before some row.
 *
 * A batch costs, per partition that it touches, what its changed rows reach: for lag, lead and frames with bounds on both sides a
 * neighbourhood; for what runs on from the partition's first row (row_number, rank, running aggregates) the rows up to where the running
 * state is again what it was, which may be all that follow, as their values do change; for what depends on the whole
 * partition (an aggregate over all of it, ntile, percent_rank, cume_dist) all of it when that changes, again because all values do. Frames
 * that begin at the row and end with the partition, and EXCLUDE in a frame without beginning, compute the
 * partition anew. Finding the place costs O(log n).
 *
 * A row on which an expression fails counts as an error and is in no partition; a row at which a call fails counts as one
 * error and is not put out.
 */
export class WindowOperator implements Operator, RowEvaluator {
  readonly repeats = false;
  readonly #partition: KeyBuilder;
  readonly #sort: readonly {
    readonly read: BytesReader;
    readonly codec: Codec;
    readonly descending: boolean;
    readonly nullsFirst: boolean;
  }[];
  readonly #calls: readonly CompiledCall[];
  readonly #chain: ChainSpec;
  readonly #checkpoints: Checkpoints | null;
  readonly #columns: number;
  readonly #arrangement: number;
  readonly #writer = new KeyWriter();
  readonly #view = new RowView();

  constructor(
    spec: WindowSpec,
    columns: readonly ColumnType[],
    arrangements: readonly number[],
    context: CompileContext,
  ) {
    this.#partition = new KeyBuilder(
      spec.partition.map((expression) => compileBytes(expression, columns, context)),
      spec.partition.map((expression) => requireEquality(context, expression.type)),
    );
    this.#sort = spec.sort.map(({ expression, descending, nullsFirst }) => ({
      read: compileBytes(expression, columns, context),
      codec: requireOrder(context, expression.type),
      descending,
      nullsFirst,
    }));
    const order = this.#sort.length === 1 ? this.#sort[0] : undefined;
    this.#calls = spec.calls.map((call, index) => compileWindowCall(call, index, columns, order, context));
    this.#chain = {
      position: this.#calls.some(({ needs }) => needs.position),
      groups: this.#calls.some(({ needs }) => needs.groups),
      folds: this.#calls.map(({ needs }) => needs.fold),
    };
    const { position, groups, folds } = this.#chain;
    const hasChain = position || groups || folds.some((fold) => fold !== null);
    this.#checkpoints = hasChain ? new Checkpoints(must(arrangements[1]), this.#chain) : null;
    this.#columns = columns.length;
    this.#arrangement = must(arrangements[0]);
  }

  apply(transaction: WriteTransaction, inputs: readonly DeltaBatch[], tally: Tally): DeltaBatch {
    const deltas = this.#place(inputs[0] as DeltaBatch, tally);
    const output = new DeltaBatch();
    let from = 0;
    while (from < deltas.length) {
      const { partition } = deltas[from] as PlacedDelta;
      const changes: WindowEntry[] = [];
      for (; deltas[from]?.partition.equals(partition) === true; from++) {
        changes.push(this.#take(transaction, deltas[from] as PlacedDelta, tally));
      }
      const update = new PartitionUpdate(transaction, {
        arrangement: this.#arrangement,
        partition,
        changes,
        calls: this.#calls,
        chain: this.#chain,
        checkpoints: this.#checkpoints,
        evaluator: this,
      });
      update.run(output, tally);
    }
    return output;
  }

  /** Only the rows: the checkpoints come with the first change to each partition. */
  fill(transaction: WriteTransaction, inputs: readonly DeltaBatch[], tally: Tally): void {
    for (const delta of this.#place(inputs[0] as DeltaBatch, tally)) {
      const { key, prefixLength, row, weight } = delta;
      addWeight(transaction, this.#arrangement, key, prefixLength, row, weight, tally);
    }
  }

  *enumerate(reads: ReadTransaction, _inputs: readonly (() => Enumeration)[], tally: Tally): Enumeration {
    let entries: WindowEntry[] = [];
    let partition: Buffer | null = null;
    for (const entry of pagedScan(reads, this.#arrangement)) {
      const { row, weight, prefixLength } = decodeMultisetEntry(entry);
      this.#view.set(row, this.#columns);
      const own = this.#partition.build(this.#view);
      if (partition !== null && !partition.equals(own)) {
        yield* this.#enumeratePartition(entries, tally);
        entries = [];
      }
      partition = own;
      entries.push(new WindowEntry({ key: entry.key, prefixLength, row }, { before: 0, after: weight }, this));
    }
    yield* this.#enumeratePartition(entries, tally);
  }

  args(row: Row): readonly CallArguments[] {
    this.#view.set(row, this.#columns);
    return this.#calls.map((call) => call.readArguments(this.#view));
  }

  sortValue(row: Row): Value | null {
    const [first] = this.#sort;
    if (first === undefined) return null;
    this.#view.set(row, this.#columns);
    const bytes = first.read(this.#view);
    return bytes === null ? null : first.codec.decode(bytes);
  }

  *#enumeratePartition(entries: readonly WindowEntry[], tally: Tally): Enumeration {
    const total = new ChainState(this.#chain);
    for (const entry of entries) total.advance(entry, entry.after);
    const rows = new WindowRows(entries, "after");
    let batch = new DeltaBatch();
    let row = 0;
    const stretch = { rows, base: new ChainState(this.#chain), total };
    for (const values of evaluateStretch(this.#calls, stretch, 0, rows.length)) {
      if (values === null) tally.errors++;
      else batch.push(Buffer.concat([rows.entry(row).row, values]), 1);
      row++;
      if (batch.length < ENUMERATED_ROWS) continue;
      yield batch;
      batch = new DeltaBatch();
    }
    if (batch.length > 0) yield batch;
  }

  /** The batch's deltas in the arrangement's order, without the rows on which an expression fails. */
  #place(batch: DeltaBatch, tally: Tally): PlacedDelta[] {
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

  #placed(row: Row, weight: number): PlacedDelta {
    this.#view.set(row, this.#columns);
    for (const call of this.#calls) call.readArguments(this.#view);
    const partition = this.#partition.build(this.#view);
    const writer = this.#writer;
    writer.truncate(0);
    writer.bytes(partition);
    for (const { read, codec, descending, nullsFirst } of this.#sort) {
      writeSortKey(writer, codec, read(this.#view), { descending, nullsFirst });
    }
    if (writer.length - partition.length > MAX_ORDERED_BYTES) {
      throw new EvaluationError(SqlState.programLimitExceeded, "a sort key is too long to be kept in order", true);
    }
    const prefix = writer.peek();
    return { partition, prefixLength: prefix.length, key: multisetKey(prefix, row), row, weight };
  }

  /** Writes a delta; the row as it was and is. */
  #take(transaction: WriteTransaction, delta: PlacedDelta, tally: Tally): WindowEntry {
    const { key, prefixLength, row, weight } = delta;
    const before = addWeight(transaction, this.#arrangement, key, prefixLength, row, weight, tally);
    const after = before + weight;
    if (after === 0 && isCheckpointKey(key)) this.#checkpoints?.remove(transaction, key, tally);
    return new WindowEntry({ key, prefixLength, row }, { before, after }, this);
  }
}
