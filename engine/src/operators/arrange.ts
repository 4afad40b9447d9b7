import type { Expression } from "@freshet/sql";
import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import type { ColumnType } from "@freshet/values";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { RowView } from "../expression/row-view.ts";
import { byKey, compareKeys, keyOrder, type OrderedKey } from "../state/compare-keys.ts";
import { KeyBuilder } from "../state/key-builder.ts";
import { decodeKeyedEntry, KeyedRows, type WeightedRow } from "../state/keyed-rows.ts";
import { pagedScan } from "../state/multiset.ts";
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

interface KeyedRow extends OrderedKey, WeightedRow {
  readonly hasNull: boolean;
}

/**
 * Keeps its input arranged by key expressions, for joins to look into. Puts out the input's deltas
 * with their keys, in key order, without the rows whose key fails (they count as errors). A row with NULL
 * in its key meets nothing and has none, unless that part of the key is null-safe.
 */
export class ArrangeOperator implements Operator {
  readonly repeats = false;
  readonly takesRepeats = true;
  readonly #keys: KeyBuilder;
  readonly #columns: number;
  readonly #arrangement: number;
  readonly #rows: KeyedRows;
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
      keys,
    );
    this.#columns = columns.length;
    this.#arrangement = arrangement;
    this.#rows = new KeyedRows(arrangement);
  }

  apply(transaction: WriteTransaction, inputs: readonly DeltaBatch[], tally: Tally): DeltaBatch {
    const keyed = this.#keyedRows(inputs[0] as DeltaBatch, tally);
    const result = new DeltaBatch();
    for (let from = 0; from < keyed.length;) {
      const { key, hasNull } = keyed[from] as KeyedRow;
      const rows: WeightedRow[] = [];
      for (let next = keyed[from]; next !== undefined; next = keyed[++from]) {
        if (next.key !== key && compareKeys(next.key, key) !== 0) break;
        rows.push(next);
      }
      const deltas = addUp(rows);
      if (deltas.length === 0) continue;
      for (const { row, weight } of deltas) result.pushKeyed(row, weight, hasNull ? null : key);
      this.#rows.add(transaction, key, deltas, tally);
    }
    return result;
  }

  /** The batch's rows in key order, without those whose key fails. */
  #keyedRows(batch: DeltaBatch, tally: Tally): readonly KeyedRow[] {
    const keyed: KeyedRow[] = [];
    batch.forEach((row, weight) => {
      this.#view.set(row, this.#columns);
      try {
        const key = this.#keys.build(this.#view);
        keyed.push({ key, hasNull: this.#keys.hasNull, order: keyOrder(key), row, weight });
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        tally.errors += weight;
      }
    });
    return keyed.sort(byKey);
  }

  *enumerateOf(_reads: ReadTransaction, inputs: readonly (() => Enumeration)[]): Enumeration {
    for (const batch of (inputs[0] as () => Enumeration)()) yield this.#keyed(batch);
  }

  *enumerate(reads: ReadTransaction): Enumeration {
    let batch = new DeltaBatch();
    for (const entry of pagedScan(reads, this.#arrangement)) {
      const { key, rows } = decodeKeyedEntry(entry);
      const [first] = rows;
      if (first === undefined) continue;
      this.#view.set(first.row, this.#columns);
      this.#keys.build(this.#view);
      const { hasNull } = this.#keys;
      for (const { row, weight } of rows) batch.pushKeyed(row, weight, hasNull ? null : key);
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

/** The rows of one key with each distinct row once, without zero weights. */
function addUp(rows: WeightedRow[]): readonly WeightedRow[] {
  if (rows.length === 1 && rows[0]?.weight !== 0) return rows;
  rows.sort((a, b) => compareKeys(a.row, b.row));
  const sums: WeightedRow[] = [];
  for (let from = 0; from < rows.length;) {
    const { row } = rows[from] as WeightedRow;
    let weight = 0;
    for (let next = rows[from]; next !== undefined && compareKeys(next.row, row) === 0; next = rows[++from]) {
      weight += next.weight;
    }
    if (weight !== 0) sums.push({ row, weight });
  }
  return sums;
}
