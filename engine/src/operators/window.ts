import { must } from "@freshet/base";
import type { WindowPlan } from "@freshet/sql";
import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import type { ColumnType, Row, Value } from "@freshet/values";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { RowView } from "../expression/row-view.ts";
import { addWeight, decodeMultisetEntry, pagedScan } from "../state/multiset.ts";
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
import type { CompileContext } from "./evaluate.ts";
import type { Enumeration, Operator } from "./operator.ts";
import { OrderedPlacement, type PlacedDelta } from "./ordered-placement.ts";

export type WindowSpec = Pick<WindowPlan, "partition" | "sort" | "calls">;

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
  readonly #placement: OrderedPlacement;
  readonly #calls: readonly CompiledCall[];
  readonly #chain: ChainSpec;
  readonly #checkpoints: Checkpoints | null;
  readonly #columns: number;
  readonly #arrangement: number;
  readonly #view = new RowView();

  constructor(
    spec: WindowSpec,
    columns: readonly ColumnType[],
    arrangements: readonly number[],
    context: CompileContext,
  ) {
    this.#placement = new OrderedPlacement(spec, columns, context, (view) => {
      for (const call of this.#calls) call.readArguments(view);
    });
    const { sort } = this.#placement;
    const order = sort.length === 1 ? sort[0]?.flags : undefined;
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
    const deltas = this.#placement.place(inputs[0] as DeltaBatch, tally);
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
    for (const delta of this.#placement.place(inputs[0] as DeltaBatch, tally)) {
      const { key, prefixLength, row, weight } = delta;
      addWeight(transaction, this.#arrangement, key, prefixLength, row, weight, tally);
    }
  }

  *enumerate(reads: ReadTransaction, _inputs: readonly (() => Enumeration)[], tally: Tally): Enumeration {
    let entries: WindowEntry[] = [];
    let partition: Buffer | null = null;
    for (const entry of pagedScan(reads, this.#arrangement)) {
      const { row, weight, prefixLength } = decodeMultisetEntry(entry);
      const own = this.#placement.partitionOf(row);
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
    const [first] = this.#placement.sort;
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

  /** Writes a delta; the row as it was and is. */
  #take(transaction: WriteTransaction, delta: PlacedDelta, tally: Tally): WindowEntry {
    const { key, prefixLength, row, weight } = delta;
    const before = addWeight(transaction, this.#arrangement, key, prefixLength, row, weight, tally);
    const after = before + weight;
    if (after === 0 && isCheckpointKey(key)) this.#checkpoints?.remove(transaction, key, tally);
    return new WindowEntry({ key, prefixLength, row }, { before, after }, this);
  }
}
