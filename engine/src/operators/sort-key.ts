import { SqlState } from "@freshet/base";
import { writeSortKey } from "@freshet/contract";
import type { SortKey } from "@freshet/sql";
import { type ColumnType, KeyWriter } from "@freshet/values";
import { EvaluationError } from "../expression/evaluation-error.ts";
import type { RowView } from "../expression/row-view.ts";
import { MAX_ORDERED_BYTES } from "../state/multiset.ts";
import { compileBytes, type CompileContext, requireOrder } from "./evaluate.ts";

/** Compiles an aggregate's ORDER BY to a writer of keys that sort as it says. */
export function compileSort(
  sort: readonly SortKey[],
  columns: readonly ColumnType[],
  context: CompileContext,
): (view: RowView) => Buffer {
  const keys = sort.map(({ expression, descending, nullsFirst }) => ({
    read: compileBytes(expression, columns, context),
    codec: requireOrder(context, expression.type),
    flags: { descending, nullsFirst },
  }));
  const writer = new KeyWriter();
  return (view) => {
    writer.truncate(0);
    for (const { read, codec, flags } of keys) writeSortKey(writer, codec, read(view), flags);
    if (writer.length <= MAX_ORDERED_BYTES) return writer.take();
    throw new EvaluationError(SqlState.programLimitExceeded, "an aggregate's sort key is too long to be kept", true);
  };
}
