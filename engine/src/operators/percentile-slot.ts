import { assert, must } from "@freshet/base";
import type { AggregateCall } from "@freshet/sql";
import type { ReadTransaction } from "@freshet/store";
import type { ColumnType } from "@freshet/values";
import { compilePercentiles, type PercentileTarget } from "../ordered-set/percentile.ts";
import { RankCursors, type RankCursor } from "../ordered-set/rank-cursors.ts";
import { addWeight, decodeMultisetEntry, multisetKey } from "../state/multiset.ts";
import { compileBytes, type CompileContext, compileFilter } from "./evaluate.ts";
import { ABSENT, type AggregateSlot, slotPrefix } from "./slot.ts";
import { compileSort } from "./sort-key.ts";

/** The multiset of one group's values, in order. */
interface OrderedValues {
  readonly reads: ReadTransaction;
  readonly arrangement: number;
  /** The part of the keys that all entries share. */
  readonly prefix: Buffer;
}

/** Moves the cursor to the entry that holds the value of the rank, which is there. */
function seek(values: OrderedValues, cursor: RankCursor, rank: number): void {
  const { reads, arrangement, prefix } = values;
  const start = Buffer.concat([prefix, cursor.key]);
  if (rank < cursor.before) {
    for (const entry of reads.scan(arrangement, { start: prefix, end: start, reverse: true })) {
      cursor.before -= decodeMultisetEntry(entry).weight;
      cursor.key = entry.key.subarray(prefix.length);
      if (cursor.before <= rank) return;
    }
  } else {
    for (const entry of reads.scan(arrangement, { start })) {
      cursor.key = entry.key.subarray(prefix.length);
      const { weight } = decodeMultisetEntry(entry);
      if (rank < cursor.before + weight) return;
      cursor.before += weight;
    }
  }
  assert(false, "a rank lies outside its group");
}

/** The values at the cursor's rank and at the target's second rank, which is the same or the next. */
function valuesAt(values: OrderedValues, cursor: RankCursor, target: PercentileTarget): [Buffer, Buffer] {
  seek(values, cursor, target.first);
  const start = Buffer.concat([values.prefix, cursor.key]);
  const [first, next] = [...values.reads.scan(values.arrangement, { start, limit: 2 })].map(decodeMultisetEntry);
  assert(first !== undefined, "a cursor stands on no entry");
  const isWithin = target.second < cursor.before + first.weight;
  return [first.row, isWithin ? first.row : must(next).row];
}

/**
 * percentile_cont and percentile_disc: the group's values as an ordered multiset, and for each fraction a cursor that
 * stands where the last result was. A change costs O(log n) to keep the value and, once per batch, as many
 * steps of each cursor as values have changed in the batch.
 */
export function percentileSlot(
  call: AggregateCall,
  index: number,
  columns: readonly ColumnType[],
  arrangement: number,
  context: CompileContext,
): AggregateSlot {
  const passes = compileFilter(call.filter, columns, context);
  const read = compileBytes(must(call.arg), columns, context);
  const sortKey = compileSort(must(call.sort), columns, context);
  const percentiles = compilePercentiles(call, context);
  const create = (): RankCursors => new RankCursors(percentiles.fractions.length);
  return {
    accumulator: {
      create,
      deserialize: (bytes) => {
        const state = create();
        state.read(bytes);
        return state;
      },
    },
    evaluate: (view) => {
      const bytes = passes(view) ? read(view) : null;
      return bytes === null ? ABSENT : { bytes, key: sortKey(view) };
    },
    add: (transaction, state, group, { bytes, key }, weight, tally) => {
      if (bytes === null || key === null) return;
      const start = slotPrefix(group, index);
      const prefix = Buffer.concat([start, key]);
      const entry = multisetKey(prefix, bytes);
      addWeight(transaction, arrangement, entry, prefix.length, bytes, weight, tally);
      state?.add(entry.subarray(start.length), weight);
    },
    result: (reads, state, group) => {
      assert(state instanceof RankCursors, "a percentile without its cursors");
      if (state.count === 0) return null;
      const values = { reads, arrangement, prefix: slotPrefix(group, index) };
      return percentiles.finish(
        percentiles.fractions.map((fraction, at) => {
          if (fraction === null) return null;
          const target = percentiles.target(fraction, state.count);
          return percentiles.valueAt(target, ...valuesAt(values, must(state.cursors[at]), target));
        }),
      );
    },
  };
}
