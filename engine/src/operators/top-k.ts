import { FreshetError, SqlState } from "@freshet/base";
import { writeSortKey } from "@freshet/contract";
import type { TopKPlan } from "@freshet/sql";
import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import { type Codec, type ColumnType, KeyWriter, type Row } from "@freshet/values";
import { consolidate, DeltaBatch } from "../delta/delta-batch.ts";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { RowView } from "../expression/row-view.ts";
import { KeyBuilder } from "../state/key-builder.ts";
import { addWeight, decodeMultisetEntry, MAX_ORDERED_BYTES, multisetKey, pagedScan } from "../state/multiset.ts";
import type { Tally } from "../state/tally.ts";
import { ENUMERATED_ROWS } from "./arrange.ts";
import { compileBytes, type BytesReader, type CompileContext, requireEquality, requireOrder } from "./evaluate.ts";
import type { Enumeration, Operator } from "./operator.ts";
import { RankWindow } from "./rank-window.ts";

export interface TopKSpec {
  readonly partition: TopKPlan["partition"];
  readonly sort: TopKPlan["sort"];
  readonly limit: number | null;
  readonly offset: number;
  readonly ties?: true;
}

interface RankedDelta {
  readonly partition: Buffer;
  readonly prefixLength: number;
  readonly key: Buffer;
  readonly row: Row;
  readonly weight: number;
}

/**
 * Per partition the rows at ranks [offset, offset + limit), and with `ties` those that tie with the last of them. The arrangement holds all rows in rank
 * order, so that the window is read from its start. Rows whose sort key does not fit into a key
 * count as errors.
 */
export class TopKOperator implements Operator {
  readonly repeats = false;
  readonly #partition: KeyBuilder;
  readonly #sort: readonly {
    readonly read: BytesReader;
    readonly codec: Codec;
    readonly descending: boolean;
    readonly nullsFirst: boolean;
  }[];
  readonly #spec: TopKSpec;
  readonly #columns: number;
  readonly #arrangement: number;
  readonly #writer = new KeyWriter();
  readonly #view = new RowView();

  constructor(spec: TopKSpec, columns: readonly ColumnType[], arrangement: number, context: CompileContext) {
    if (spec.offset < 0 || (spec.limit ?? 0) < 0) {
      throw new FreshetError(SqlState.featureNotSupported, "a negative LIMIT or OFFSET is not supported in caches");
    }
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
    this.#spec = spec;
    this.#columns = columns.length;
    this.#arrangement = arrangement;
  }

  apply(transaction: WriteTransaction, inputs: readonly DeltaBatch[], tally: Tally): DeltaBatch {
    const deltas: RankedDelta[] = [];
    (inputs[0] as DeltaBatch).forEach((row, weight) => {
      try {
        deltas.push(this.#rank(row, weight));
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        tally.errors += weight;
      }
    });
    deltas.sort((a, b) => Buffer.compare(a.key, b.key));
    const output = new DeltaBatch();
    let from = 0;
    while (from < deltas.length) {
      const { partition } = deltas[from] as RankedDelta;
      const changes = new DeltaBatch();
      this.#readWindow(transaction, partition, (row, weight) => changes.push(row, -weight));
      for (; deltas[from]?.partition.equals(partition) === true; from++) {
        const { key, prefixLength, row, weight } = deltas[from] as RankedDelta;
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
      this.#view.set(row, this.#columns);
      const own = this.#partition.build(this.#view);
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

  #rank(row: Row, weight: number): RankedDelta {
    this.#view.set(row, this.#columns);
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
}
