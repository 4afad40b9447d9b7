import { must } from "@freshet/base";
import type { AggregateCall, ListAggregateName } from "@freshet/sql";
import { type CodecSet, packRow, unpackRow } from "@freshet/values";
import { createListAggregate } from "../aggregate-list/create-list-aggregate.ts";

/** One row's share in an ordered aggregate: where it sorts, and the arguments. */
export function listItem(sortKey: Buffer, values: readonly (Buffer | null)[]): Buffer {
  return packRow([sortKey, packRow(values)]);
}

/** An ordered aggregate's value over all items of a group. */
export function listResult(
  name: ListAggregateName,
  call: AggregateCall,
  items: readonly Buffer[],
  codecs: CodecSet,
  compareRows: (a: Buffer, b: Buffer) => number,
): Buffer | null {
  const pairs = items.map((item) => {
    const [key, row] = unpackRow(item);
    return { key: must(key), row: must(row) };
  });
  pairs.sort((a, b) => Buffer.compare(a.key, b.key) || compareRows(a.row, b.row));
  const collector = createListAggregate(name, call, codecs).collect();
  pairs.forEach(({ key, row }, index) => {
    const isRepeated = call.distinct && pairs[index - 1]?.key.equals(key) === true;
    if (!isRepeated) collector.add(unpackRow(row));
  });
  return collector.result();
}
