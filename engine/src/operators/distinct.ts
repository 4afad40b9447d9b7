import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import type { ColumnType, Row } from "@freshet/values";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { RowView } from "../expression/row-view.ts";
import { KeyBuilder } from "../state/key-builder.ts";
import { addWeight, decodeMultisetEntry, firstRow, multisetKey, pagedScan } from "../state/multiset.ts";
import type { Tally } from "../state/tally.ts";
import { ENUMERATED_ROWS } from "./arrange.ts";
import { type CompileContext, requireEquality } from "./evaluate.ts";
import type { Enumeration, Operator } from "./operator.ts";

const NO_PREFIX: Buffer = Buffer.alloc(0);

interface KeyedDelta {
  readonly prefix: Buffer;
  readonly key: Buffer;
  readonly row: Row;
  readonly weight: number;
}

/**
 * Each row once. Of rows that are equal but look different (numeric 1.0 and 1.00) the first present
 * one in key order stands for all. Where bytes tell equality, the arrangement has no key before the row.
 */
export class DistinctOperator implements Operator {
  readonly repeats = false;
  readonly #keys: KeyBuilder | null;
  readonly #columns: number;
  readonly #arrangement: number;
  readonly #view = new RowView();

  constructor(columns: readonly ColumnType[], arrangement: number, context: CompileContext) {
    const codecs = columns.map((column) => requireEquality(context, column));
    this.#keys = codecs.every((codec) => codec.imageIsIdentity)
      ? null
      : new KeyBuilder(
          columns.map((_column, index) => (row: RowView) => row.bytes(index)),
          codecs,
        );
    this.#columns = columns.length;
    this.#arrangement = arrangement;
  }

  apply(transaction: WriteTransaction, inputs: readonly DeltaBatch[], tally: Tally): DeltaBatch {
    const deltas: KeyedDelta[] = [];
    (inputs[0] as DeltaBatch).forEach((row, weight) => {
      const prefix = this.#prefixOf(row);
      deltas.push({ prefix, key: multisetKey(prefix, row), row, weight });
    });
    deltas.sort((a, b) => Buffer.compare(a.key, b.key));
    return this.#keys === null ? this.#byBytes(transaction, deltas, tally) : this.#byKey(transaction, deltas, tally);
  }

  #byBytes(transaction: WriteTransaction, deltas: readonly KeyedDelta[], tally: Tally): DeltaBatch {
    const output = new DeltaBatch();
    for (const { key, row, weight } of deltas) {
      const old = addWeight(transaction, this.#arrangement, key, 0, row, weight, tally);
      if (old === 0) output.push(row, 1);
      else if (old + weight === 0) output.push(row, -1);
    }
    return output;
  }

  #byKey(transaction: WriteTransaction, deltas: readonly KeyedDelta[], tally: Tally): DeltaBatch {
    const output = new DeltaBatch();
    let from = 0;
    while (from < deltas.length) {
      const { prefix } = deltas[from] as KeyedDelta;
      const old = firstRow(transaction, this.#arrangement, prefix);
      for (; deltas[from]?.prefix.equals(prefix) === true; from++) {
        const { key, row, weight } = deltas[from] as KeyedDelta;
        addWeight(transaction, this.#arrangement, key, prefix.length, row, weight, tally);
      }
      const now = firstRow(transaction, this.#arrangement, prefix);
      if (old !== null && now !== null && old.equals(now)) continue;
      if (old !== null) output.push(old, -1);
      if (now !== null) output.push(now, 1);
    }
    return output;
  }

  *enumerate(reads: ReadTransaction): Enumeration {
    let batch = new DeltaBatch();
    let last: Buffer = NO_PREFIX;
    for (const entry of pagedScan(reads, this.#arrangement)) {
      const { row, prefixLength } = decodeMultisetEntry(entry);
      const prefix = entry.key.subarray(0, prefixLength);
      if (this.#keys !== null && last.equals(prefix)) continue;
      last = prefix;
      batch.push(row, 1);
      if (batch.length < ENUMERATED_ROWS) continue;
      yield batch;
      batch = new DeltaBatch();
    }
    if (batch.length > 0) yield batch;
  }

  *enumerateOf(reads: ReadTransaction, inputs: readonly (() => Enumeration)[]): Enumeration {
    const seen = new Set<string>();
    for (const rows of (inputs[0] as () => Enumeration)()) {
      const batch = new DeltaBatch();
      rows.forEach((row) => {
        const name = (this.#keys === null ? row : this.#prefixOf(row)).toString("latin1");
        if (seen.has(name)) return;
        seen.add(name);
        const shown = this.#keys === null ? row : firstRow(reads, this.#arrangement, this.#prefixOf(row));
        if (shown !== null) batch.push(shown, 1);
      });
      yield batch;
    }
  }

  #prefixOf(row: Row): Buffer {
    if (this.#keys === null) return NO_PREFIX;
    this.#view.set(row, this.#columns);
    return this.#keys.build(this.#view);
  }
}
