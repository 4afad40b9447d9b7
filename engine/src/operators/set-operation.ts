import { assert, must } from "@freshet/base";
import type { SetOperationPlan } from "@freshet/sql";
import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import type { ColumnType, Row } from "@freshet/values";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { RowView } from "../expression/row-view.ts";
import { compareKeys } from "../state/compare-keys.ts";
import { KeyBuilder } from "../state/key-builder.ts";
import { addWeight, firstRow, multisetKey, pagedScan } from "../state/multiset.ts";
import type { Tally } from "../state/tally.ts";
import { ENUMERATED_ROWS } from "./arrange.ts";
import { type CompileContext, requireEquality } from "./evaluate.ts";
import type { Enumeration, Operator } from "./operator.ts";

export interface SetOperationSpec {
  readonly operation: SetOperationPlan["operation"];
  readonly all: boolean;
}

interface KeyedDelta {
  readonly key: Buffer;
  readonly row: Row;
  readonly weight: number;
  readonly left: boolean;
}

/** Equal rows: how many there are on each side, and the left row that stands for all (empty without one). */
interface Counts {
  readonly left: number;
  readonly right: number;
  readonly image: Row;
}

const NO_ROWS: Counts = { left: 0, right: 0, image: Buffer.alloc(0) };
const COUNT_BYTES = 6;

/** uint48 left, uint48 right, row. */
function encodeCounts({ left, right, image }: Counts): Buffer {
  const bytes = Buffer.allocUnsafe(2 * COUNT_BYTES + image.length);
  bytes.writeUIntBE(left, 0, COUNT_BYTES);
  bytes.writeUIntBE(right, COUNT_BYTES, COUNT_BYTES);
  bytes.set(image, 2 * COUNT_BYTES);
  return bytes;
}

function decodeCounts(bytes: Buffer): Counts {
  return {
    left: bytes.readUIntBE(0, COUNT_BYTES),
    right: bytes.readUIntBE(COUNT_BYTES, COUNT_BYTES),
    image: bytes.subarray(2 * COUNT_BYTES),
  };
}

/**
 * INTERSECT and EXCEPT. Kept are, per distinct row, the counts of both sides; where equal rows can look different
 * (numeric 1.0 and 1.00) also the left rows, of which the first in key order is put out for all.
 */
export class SetOperationOperator implements Operator {
  readonly repeats = false;
  readonly #weightOf: (left: number, right: number) => number;
  readonly #keys: KeyBuilder;
  readonly #columns: number;
  readonly #counts: number;
  /** Null where bytes tell equality. */
  readonly #images: number | null;
  readonly #view = new RowView();

  constructor(
    { operation, all }: SetOperationSpec,
    columns: readonly ColumnType[],
    arrangements: readonly number[],
    context: CompileContext,
  ) {
    const codecs = columns.map((column) => requireEquality(context, column));
    const readers = columns.map((_column, index) => (row: RowView) => row.bytes(index));
    const limit = all ? Number.POSITIVE_INFINITY : 1;
    this.#weightOf =
      operation === "intersect"
        ? (left, right) => Math.min(left, right, limit)
        : (left, right) => (all ? Math.max(0, left - right) : Number(left > 0 && right === 0));
    this.#keys = new KeyBuilder(readers, codecs);
    this.#columns = columns.length;
    this.#counts = must(arrangements[0]);
    this.#images = codecs.every((codec) => codec.imageIsIdentity) ? null : must(arrangements[1]);
  }

  apply(transaction: WriteTransaction, inputs: readonly DeltaBatch[], tally: Tally): DeltaBatch {
    const deltas: KeyedDelta[] = [];
    inputs.forEach((batch, input) =>
      batch.forEach((row, weight) => {
        this.#view.set(row, this.#columns);
        deltas.push({ key: this.#keys.build(this.#view), row, weight, left: input === 0 });
      }),
    );
    deltas.sort((a, b) => compareKeys(a.key, b.key));
    const output = new DeltaBatch();
    let from = 0;
    while (from < deltas.length) {
      const { key } = deltas[from] as KeyedDelta;
      let to = from + 1;
      while (deltas[to]?.key.equals(key) === true) to++;
      this.#applyKey(transaction, key, deltas.slice(from, to), output, tally);
      from = to;
    }
    return output;
  }

  *enumerate(reads: ReadTransaction): Enumeration {
    let batch = new DeltaBatch();
    for (const { value } of pagedScan(reads, this.#counts)) {
      const { left, right, image } = decodeCounts(value);
      const weight = this.#weightOf(left, right);
      if (weight > 0) batch.push(image, weight);
      if (batch.length < ENUMERATED_ROWS) continue;
      yield batch;
      batch = new DeltaBatch();
    }
    if (batch.length > 0) yield batch;
  }

  #applyKey(
    transaction: WriteTransaction,
    key: Buffer,
    deltas: readonly KeyedDelta[],
    output: DeltaBatch,
    tally: Tally,
  ): void {
    const stored = transaction.get(this.#counts, key);
    const before = stored === undefined ? NO_ROWS : decodeCounts(stored);
    let { left, right } = before;
    let image = before.image;
    for (const delta of deltas) {
      if (!delta.left) {
        right += delta.weight;
        continue;
      }
      left += delta.weight;
      image = delta.row;
      if (this.#images !== null) this.#addImage(transaction, this.#images, key, delta, tally);
    }
    assert(left >= 0 && right >= 0, "a set operation would count fewer than no rows");
    if (left === 0) image = NO_ROWS.image;
    else if (this.#images !== null) image = must(firstRow(transaction, this.#images, key));
    const after: Counts = { left, right, image };
    this.#write(transaction, key, stored, after, tally);
    const [old, now] = [this.#weightOf(before.left, before.right), this.#weightOf(left, right)];
    if (before.image.equals(image)) {
      if (old !== now) output.push(image, now - old);
      return;
    }
    if (old > 0) output.push(before.image, -old);
    if (now > 0) output.push(image, now);
  }

  #addImage(
    transaction: WriteTransaction,
    images: number,
    key: Buffer,
    { row, weight }: KeyedDelta,
    tally: Tally,
  ): void {
    const { rows } = tally;
    addWeight(transaction, images, multisetKey(key, row), key.length, row, weight, tally);
    tally.rows = rows;
  }

  #write(transaction: WriteTransaction, key: Buffer, stored: Buffer | undefined, counts: Counts, tally: Tally): void {
    if (stored !== undefined) {
      tally.rows--;
      tally.bytes -= key.length + stored.length;
    }
    if (counts.left === 0 && counts.right === 0) {
      if (stored !== undefined) transaction.remove(this.#counts, key);
      return;
    }
    const bytes = encodeCounts(counts);
    transaction.put(this.#counts, key, bytes);
    tally.rows++;
    tally.bytes += key.length + bytes.length;
  }
}
