import { must } from "@freshet/base";
import type { AggregateCall } from "@freshet/sql";
import type { WriteTransaction } from "@freshet/store";
import type { ColumnType } from "@freshet/values";
import { addWeight, firstRow, multisetKey } from "../state/multiset.ts";
import type { Tally } from "../state/tally.ts";
import { compileBytes, type CompileContext, compileFilter } from "./evaluate.ts";
import { ABSENT, type AggregateSlot, slotPrefix } from "./slot.ts";
import { compileSort } from "./sort-key.ts";

const COUNT_TAG = Buffer.from([0]);
const RANK_TAG = Buffer.from([1]);
const COUNT_BYTES = 6;
const MAX_COUNT = 2 ** 48 - 1;
const NOTHING: Buffer = Buffer.alloc(0);

function countBytes(count: number): Buffer {
  const bytes = Buffer.allocUnsafe(COUNT_BYTES);
  bytes.writeUIntBE(count, 0, COUNT_BYTES);
  return bytes;
}

/** Frequencies of a group's values: value -> count, and (descending count, value), of which the first is the mode. */
function addFrequency(
  transaction: WriteTransaction,
  arrangement: number,
  group: Buffer,
  value: Buffer,
  weight: number,
  tally: Tally,
): void {
  const countKey = Buffer.concat([group, COUNT_TAG, value]);
  const rankKey = (count: number): Buffer => Buffer.concat([group, RANK_TAG, countBytes(MAX_COUNT - count), value]);
  const before = transaction.get(arrangement, countKey)?.readUIntBE(0, COUNT_BYTES) ?? 0;
  const after = before + weight;
  const size = countKey.length + 2 * COUNT_BYTES + countKey.length;
  if (before > 0) transaction.remove(arrangement, rankKey(before));
  if (after > 0) {
    transaction.put(arrangement, countKey, countBytes(after));
    transaction.put(arrangement, rankKey(after), NOTHING);
  } else if (before > 0) {
    transaction.remove(arrangement, countKey);
  }
  tally.bytes += ((after > 0 ? 1 : 0) - (before > 0 ? 1 : 0)) * size;
}

/**
 * mode(): the most frequent value, of several the first in the order. Values are kept as an ordered multiset, and their
 * frequencies in order beside it: O(log n) per change.
 */
export function modeSlot(
  call: AggregateCall,
  index: number,
  columns: readonly ColumnType[],
  arrangements: { readonly extrema: number; readonly distinct: number },
  context: CompileContext,
): AggregateSlot {
  const passes = compileFilter(call.filter, columns, context);
  const read = compileBytes(must(call.arg), columns, context);
  const sortKey = compileSort(must(call.sort), columns, context);
  return {
    accumulator: null,
    evaluate: (view) => {
      const bytes = passes(view) ? read(view) : null;
      return bytes === null ? ABSENT : { bytes, key: sortKey(view) };
    },
    add: (transaction, _state, group, { bytes, key }, weight, tally) => {
      if (bytes === null || key === null) return;
      const start = slotPrefix(group, index);
      const prefix = Buffer.concat([start, key]);
      addWeight(transaction, arrangements.extrema, multisetKey(prefix, bytes), prefix.length, bytes, weight, tally);
      addFrequency(transaction, arrangements.distinct, start, key, weight, tally);
    },
    result: (reads, _state, group) => {
      const start = slotPrefix(group, index);
      const ranks = Buffer.concat([start, RANK_TAG]);
      for (const { key } of reads.scanPrefix(arrangements.distinct, ranks, 1)) {
        const value = key.subarray(ranks.length + COUNT_BYTES);
        return firstRow(reads, arrangements.extrema, Buffer.concat([start, value]));
      }
      return null;
    },
  };
}
