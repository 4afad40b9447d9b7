import type { ColumnType } from "@freshet/values";
import type { Expression, UpstreamFunction } from "./expression.ts";

/** One call of an `upstream-calls` node; its arguments are over the input's row. */
export interface UpstreamCall {
  readonly parts: readonly string[];
  readonly args: readonly Expression[];
  readonly functions: readonly UpstreamFunction[];
  readonly type: ColumnType;
}
