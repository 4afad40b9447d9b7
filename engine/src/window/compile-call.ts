import type { WindowCall } from "@freshet/sql";
import type { ColumnType } from "@freshet/values";
import type { CompileContext } from "../operators/evaluate.ts";
import { compileAggregateCall } from "./aggregate-calls.ts";
import type { CompiledCall } from "./compiled-call.ts";
import type { RangeOrder } from "./frame.ts";
import { compileFunction } from "./position-calls.ts";
import { compileValueCall } from "./value-calls.ts";

/** Compiles call number `index` of a window whose only sort column, if it has just one, has the order given. */
export function compileWindowCall(
  call: WindowCall,
  index: number,
  columns: readonly ColumnType[],
  order: RangeOrder | undefined,
  context: CompileContext,
): CompiledCall {
  switch (call.kind) {
    case "function":
      return compileFunction(call, index, columns, context);
    case "value":
      return compileValueCall(call, index, columns, order, context);
    case "aggregate":
      return compileAggregateCall(call, index, columns, order, context);
  }
}
