import { SqlState } from "@freshet/base";
import { writeSortKey } from "@freshet/contract";
import type { SortKey } from "@freshet/sql";
import { type Codec, type ColumnType, KeyWriter } from "@freshet/values";
import { EvaluationError } from "../expression/evaluation-error.ts";
import type { RowView } from "../expression/row-view.ts";
import { MAX_ORDERED_BYTES } from "../state/multiset.ts";
import { type BytesReader, compileBytes, type CompileContext, requireOrder } from "./evaluate.ts";

/** A column to sort by. */
export interface SortColumn {
  readonly read: BytesReader;
  readonly codec: Codec;
  readonly flags: { readonly descending: boolean; readonly nullsFirst: boolean };
}

/** A FreshetError (0A000) for a type whose order is not known exactly. */
export function compileSortColumns(
  sort: readonly SortKey[],
  columns: readonly ColumnType[],
  context: CompileContext,
): readonly SortColumn[] {
  return sort.map(({ expression, descending, nullsFirst }) => ({
    read: compileBytes(expression, columns, context),
    codec: requireOrder(context, expression.type),
    flags: { descending, nullsFirst },
  }));
}

/** Compiles an aggregate's ORDER BY to a writer of keys that sort as it says. */
export function compileSort(
  sort: readonly SortKey[],
  columns: readonly ColumnType[],
  context: CompileContext,
): (view: RowView) => Buffer {
  const keys = compileSortColumns(sort, columns, context);
  const writer = new KeyWriter();
  return (view) => {
    writer.truncate(0);
    for (const { read, codec, flags } of keys) writeSortKey(writer, codec, read(view), flags);
    if (writer.length <= MAX_ORDERED_BYTES) return writer.take();
    throw new EvaluationError(SqlState.programLimitExceeded, "an aggregate's sort key is too long to be kept", true);
  };
}
