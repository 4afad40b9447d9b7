import type { Expression } from "@freshet/sql";
import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import type { ColumnType, Row } from "@freshet/values";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { RowView } from "../expression/row-view.ts";
import { compareKeys } from "../state/compare-keys.ts";
import { KeyBuilder } from "../state/key-builder.ts";
import { addWeight, decodeMultisetEntry, multisetKey, pagedScan } from "../state/multiset.ts";
import type { Tally } from "../state/tally.ts";
import { compileBytes, type CompileContext, requireEquality } from "./evaluate.ts";
import type { Enumeration, Operator } from "./operator.ts";

/** Rows per enumerated batch. */
export const ENUMERATED_ROWS = 256;

export interface ArrangeSpec {
  readonly keys: readonly Expression[];
  /** Parts of the key in which NULL meets NULL; absent: none. */
  readonly nullSafe?: readonly boolean[];
}

interface KeyedRow {
  readonly key: Buffer;
  readonly hasNull: boolean;
  readonly entryKey: Buffer;
  readonly row: Row;
  readonly weight: number;
}

/**
 * Keeps its input arranged by key expressions, for joins to look into. Puts out the input's deltas
 * with their keys, in key order, without the rows whose key fails (they count as errors). A row with NULL
 * in its key meets nothing and has none, unless that part of the key is null-safe.
 */
export class ArrangeOperator implements Operator {
  readonly repeats = false;
  readonly #keys: KeyBuilder;
  readonly #columns: number;
  readonly #arrangement: number;
  readonly #view = new RowView();

  constructor(
    { keys, nullSafe }: ArrangeSpec,
    columns: readonly ColumnType[],
    arrangement: number,
    context: CompileContext,
  ) {
    this.#keys = new KeyBuilder(
      keys.map((key) => compileBytes(key, columns, context)),
      keys.map((key) => requireEquality(context, key.type)),
      nullSafe,
    );
    this.#columns = columns.length;
    this.#arrangement = arrangement;
  }

  apply(transaction: WriteTransaction, inputs: readonly DeltaBatch[], tally: Tally): DeltaBatch {
    const keyed: KeyedRow[] = [];
    (inputs[0] as DeltaBatch).forEach((row, weight) => {
      this.#view.set(row, this.#columns);
      try {
        const key = this.#keys.build(this.#view);
        keyed.push({ key, hasNull: this.#keys.hasNull, entryKey: multisetKey(key, row), row, weight });
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        tally.errors += weight;
      }
    });
    keyed.sort((a, b) => compareKeys(a.entryKey, b.entryKey));
    const result = new DeltaBatch();
    for (const { key, hasNull, entryKey, row, weight } of keyed) {
      addWeight(transaction, this.#arrangement, entryKey, key.length, row, weight, tally);
      result.pushKeyed(row, weight, hasNull ? null : key);
    }
    return result;
  }

  *enumerateOf(_reads: ReadTransaction, inputs: readonly (() => Enumeration)[]): Enumeration {
    for (const batch of (inputs[0] as () => Enumeration)()) yield this.#keyed(batch);
  }

  *enumerate(reads: ReadTransaction): Enumeration {
    let batch = new DeltaBatch();
    for (const entry of pagedScan(reads, this.#arrangement)) {
      const { row, weight, prefixLength } = decodeMultisetEntry(entry);
      this.#view.set(row, this.#columns);
      this.#keys.build(this.#view);
      batch.pushKeyed(row, weight, this.#keys.hasNull ? null : entry.key.subarray(0, prefixLength));
      if (batch.length < ENUMERATED_ROWS) continue;
      yield batch;
      batch = new DeltaBatch();
    }
    if (batch.length > 0) yield batch;
  }

  /** Rows whose key fails are not in the arrangement either. */
  #keyed(batch: DeltaBatch): DeltaBatch {
    const result = new DeltaBatch();
    batch.forEach((row, weight) => {
      this.#view.set(row, this.#columns);
      try {
        const key = this.#keys.build(this.#view);
        result.pushKeyed(row, weight, this.#keys.hasNull ? null : key);
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
      }
    });
    return result;
  }
}
