import { assert } from "@freshet/base";
import type { Entry, ReadTransaction, WriteTransaction } from "@freshet/store";
import type { Row } from "@freshet/values";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { decodeMultisetEntry, multisetKey, pagedScan } from "../state/multiset.ts";
import type { Tally } from "../state/tally.ts";

const NO_PREFIX: Buffer = Buffer.alloc(0);

/** How often a row follows from the rows of the result (and the first term), and whether it is in the result. */
export interface Support {
  readonly count: number;
  readonly present: boolean;
}

const NO_SUPPORT: Support = { count: 0, present: false };
/** A multiset's entry (uint48 weight, uint16 length of prefix, row) in whose prefix length, which is 0, the lowest bit says "present". */
const FLAG_AT = 7;

/** The candidate rows of a recursive UNION. At rest a row is in the result exactly when it has support. */
export class SupportedRows {
  readonly #arrangement: number;

  constructor(arrangement: number) {
    this.#arrangement = arrangement;
  }

  get(reads: ReadTransaction, row: Row): Support {
    const value = reads.get(this.#arrangement, multisetKey(NO_PREFIX, row));
    return value === undefined ? NO_SUPPORT : { count: value.readUIntBE(0, 6), present: value[FLAG_AT] === 1 };
  }

  put(transaction: WriteTransaction, row: Row, support: Support, tally: Tally): void {
    assert(support.count >= 0, "a row of a recursive query would have negative support");
    const key = multisetKey(NO_PREFIX, row);
    const old = transaction.get(this.#arrangement, key);
    if (old !== undefined) {
      tally.bytes -= key.length + old.length;
      tally.rows -= old[FLAG_AT] as number;
    }
    if (support.count === 0 && !support.present) {
      if (old !== undefined) transaction.remove(this.#arrangement, key);
      return;
    }
    const isDigest = key.length !== row.length + 1;
    const value = Buffer.alloc(8 + (isDigest ? row.length : 0));
    value.writeUIntBE(support.count, 0, 6);
    value[FLAG_AT] = support.present ? 1 : 0;
    if (isDigest) value.set(row, 8);
    transaction.put(this.#arrangement, key, value);
    tally.bytes += key.length + value.length;
    tally.rows += support.present ? 1 : 0;
  }

  /** The rows of the result. */
  *present(reads: ReadTransaction): Generator<Row, void> {
    for (const entry of pagedScan(reads, this.#arrangement)) {
      if (entry.value[FLAG_AT] === 1) yield rowOf(entry);
    }
  }
}

function rowOf(entry: Entry): Row {
  const value = Buffer.from(entry.value);
  value[FLAG_AT] = 0;
  return decodeMultisetEntry({ key: entry.key, value }).row;
}

/** Deltas that wait for the next batch, because a batch has reached the bound of its rounds. */
export class PendingDeltas {
  readonly #arrangement: number;

  constructor(arrangement: number) {
    this.#arrangement = arrangement;
  }

  /** Reads them and takes them out. */
  take(transaction: WriteTransaction, tally: Tally): DeltaBatch {
    const batch = new DeltaBatch();
    for (const { key, value } of [...transaction.scan(this.#arrangement)]) {
      batch.push(value.subarray(8), value.readDoubleBE(0));
      transaction.remove(this.#arrangement, key);
      tally.bytes -= key.length + value.length;
    }
    return batch;
  }

  put(transaction: WriteTransaction, batch: DeltaBatch, tally: Tally): void {
    let number = 0;
    batch.forEach((row, weight) => {
      const key = Buffer.alloc(4);
      key.writeUInt32BE(number++);
      const value = Buffer.alloc(8 + row.length);
      value.writeDoubleBE(weight, 0);
      value.set(row, 8);
      transaction.put(this.#arrangement, key, value);
      tally.bytes += key.length + value.length;
    });
  }
}
