import { must } from "@freshet/base";
import type { AggregateCall, ListAggregateName } from "@freshet/sql";
import { type ColumnType, packRow, unpackRow } from "@freshet/values";
import { createListAggregate } from "../aggregate-list/create-list-aggregate.ts";
import { addWeight, decodeMultisetEntry, multisetKey } from "../state/multiset.ts";
import { type BytesReader, compileBytes, type CompileContext, compileFilter } from "./evaluate.ts";
import { ABSENT, type AggregateSlot, slotPrefix } from "./slot.ts";
import { compileSort } from "./sort-key.ts";

/**
 * Aggregates that make one value of all rows (string_agg, array_agg, json_agg and the like): the rows'
 * arguments as an ordered multiset per group, in the order of ORDER BY, ties and everything without ORDER BY in the order of
 * their bytes. A change of one row costs O(log n) in the state; the value itself has the size of the group and
 * is written anew once for each batch that touches the group.
 */
export function listSlot(
  name: ListAggregateName,
  call: AggregateCall,
  index: number,
  columns: readonly ColumnType[],
  arrangement: number,
  context: CompileContext,
): AggregateSlot {
  const readers: readonly BytesReader[] = [must(call.arg), ...(call.rest ?? [])].map((expression) =>
    compileBytes(expression, columns, context),
  );
  const passes = compileFilter(call.filter, columns, context);
  const sortKey = compileSort(call.sort ?? [], columns, context);
  const aggregate = createListAggregate(name, call, context.codecs);
  return {
    accumulator: null,
    evaluate: (view) => {
      if (!passes(view)) return ABSENT;
      const values = readers.map((read) => read(view));
      return aggregate.ignores(values) ? ABSENT : { bytes: packRow(values), key: sortKey(view) };
    },
    add: (transaction, _state, group, { bytes, key }, weight, tally) => {
      if (bytes === null || key === null) return;
      const prefix = Buffer.concat([slotPrefix(group, index), key]);
      addWeight(transaction, arrangement, multisetKey(prefix, bytes), prefix.length, bytes, weight, tally);
    },
    result: (reads, _state, group) => {
      const collector = aggregate.collect();
      let previous: Buffer | null = null;
      for (const entry of reads.scanPrefix(arrangement, slotPrefix(group, index))) {
        const { row, weight, prefixLength } = decodeMultisetEntry(entry);
        const prefix = entry.key.subarray(0, prefixLength);
        if (call.distinct && previous !== null && prefix.equals(previous)) continue;
        previous = prefix;
        const values = unpackRow(row);
        for (let times = call.distinct ? 1 : weight; times > 0; times--) collector.add(values);
      }
      return collector.result();
    },
  };
}
