import { FreshetError, SqlState } from "@freshet/base";
import type { TopKPlan } from "@freshet/sql";
import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import type { ColumnType, Row } from "@freshet/values";
import { consolidate, DeltaBatch } from "../delta/delta-batch.ts";
import { addWeight, decodeMultisetEntry, pagedScan } from "../state/multiset.ts";
import type { Tally } from "../state/tally.ts";
import { ENUMERATED_ROWS } from "./arrange.ts";
import type { CompileContext } from "./evaluate.ts";
import type { Enumeration, Operator } from "./operator.ts";
import { OrderedPlacement, type PlacedDelta } from "./ordered-placement.ts";
import { RankWindow } from "./rank-window.ts";

export interface TopKSpec {
  readonly partition: TopKPlan["partition"];
  readonly sort: TopKPlan["sort"];
  readonly limit: number | null;
  readonly offset: number;
  readonly ties?: true;
}

/**
 * Per partition the rows at ranks [offset, offset + limit), and with `ties` those that tie with the last of them. The arrangement holds all rows in rank
 * order, so that the window is read from its start. Rows whose sort key does not fit into a key
 * count as errors.
 */
export class TopKOperator implements Operator {
  readonly repeats = false;
  readonly #placement: OrderedPlacement;
  readonly #spec: TopKSpec;
  readonly #arrangement: number;

  constructor(spec: TopKSpec, columns: readonly ColumnType[], arrangement: number, context: CompileContext) {
    if (spec.offset < 0 || (spec.limit ?? 0) < 0) {
      throw new FreshetError(SqlState.featureNotSupported, "a negative LIMIT or OFFSET is not supported in caches");
    }
    this.#placement = new OrderedPlacement(spec, columns, context);
    this.#spec = spec;
    this.#arrangement = arrangement;
  }

  apply(transaction: WriteTransaction, inputs: readonly DeltaBatch[], tally: Tally): DeltaBatch {
    const deltas = this.#placement.place(inputs[0] as DeltaBatch, tally);
    const output = new DeltaBatch();
    let from = 0;
    while (from < deltas.length) {
      const { partition } = deltas[from] as PlacedDelta;
      const changes = new DeltaBatch();
      this.#readWindow(transaction, partition, (row, weight) => changes.push(row, -weight));
      for (; deltas[from]?.partition.equals(partition) === true; from++) {
        const { key, prefixLength, row, weight } = deltas[from] as PlacedDelta;
        addWeight(transaction, this.#arrangement, key, prefixLength, row, weight, tally);
      }
      this.#readWindow(transaction, partition, (row, weight) => changes.push(row, weight));
      consolidate(changes).forEach((row, weight) => output.push(row, weight));
    }
    return output;
  }

  *enumerate(reads: ReadTransaction): Enumeration {
    let batch = new DeltaBatch();
    let partition: Buffer = Buffer.alloc(0);
    let window = this.#newWindow();
    for (const entry of pagedScan(reads, this.#arrangement)) {
      const { row, weight, prefixLength } = decodeMultisetEntry(entry);
      const own = this.#placement.partitionOf(row);
      if (!partition.equals(own)) {
        partition = own;
        window = this.#newWindow();
      }
      const inWindow = window.take(entry.key.subarray(0, prefixLength), weight) ?? 0;
      if (inWindow > 0) batch.push(row, inWindow);
      if (batch.length < ENUMERATED_ROWS) continue;
      yield batch;
      batch = new DeltaBatch();
    }
    if (batch.length > 0) yield batch;
  }

  /** The windows of the partitions that the inputs' rows are in. */
  *enumerateOf(reads: ReadTransaction, inputs: readonly (() => Enumeration)[]): Enumeration {
    const seen = new Set<string>();
    for (const rows of (inputs[0] as () => Enumeration)()) {
      const batch = new DeltaBatch();
      rows.forEach((row) => {
        const partition = this.#placement.partitionOf(row);
        const name = partition.toString("latin1");
        if (seen.has(name)) return;
        seen.add(name);
        this.#readWindow(reads, partition, (shown, weight) => batch.push(shown, weight));
      });
      yield batch;
    }
  }

  #newWindow(): RankWindow {
    return new RankWindow(this.#spec.offset, this.#spec.limit, this.#spec.ties === true);
  }

  #readWindow(reads: ReadTransaction, partition: Buffer, visit: (row: Row, weight: number) => void): void {
    const window = this.#newWindow();
    if (window.reach === 0) return;
    const limit = Number.isFinite(window.reach) ? window.reach : undefined;
    for (const entry of reads.scanPrefix(this.#arrangement, partition, limit)) {
      const { row, weight, prefixLength } = decodeMultisetEntry(entry);
      const inWindow = window.take(entry.key.subarray(0, prefixLength), weight);
      if (inWindow === null) return;
      if (inWindow > 0) visit(row, inWindow);
    }
  }
}
