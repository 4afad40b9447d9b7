import type { ColumnType } from "@freshet/values";
import type { Expression } from "./expression.ts";
import { type AggregateCall, aggregateExpressions, mapAggregateCall } from "./aggregate-call.ts";

/** Where a frame begins or ends; "unbounded" is the partition's end on that side. `offset` is a constant. */
export type FrameBound =
  | { readonly kind: "unbounded" }
  | { readonly kind: "current" }
  | { readonly kind: "preceding" | "following"; readonly offset: Expression };

export interface WindowFrame {
  readonly mode: "rows" | "range" | "groups";
  readonly start: FrameBound;
  readonly end: FrameBound;
  readonly exclude: "none" | "current-row" | "group" | "ties";
  /** C symbol of the `in_range` function that RANGE offsets are compared by; null without such an offset. */
  readonly inRange: string | null;
}

/** Window functions that are not aggregates, by `pg_proc.proname`. */
export const WINDOW_FUNCTIONS = [
  "row_number",
  "rank",
  "dense_rank",
  "percent_rank",
  "cume_dist",
  "ntile",
  "lag",
  "lead",
  "first_value",
  "last_value",
  "nth_value",
] as const;
export type WindowFunctionName = (typeof WINDOW_FUNCTIONS)[number];

interface WindowCallBase {
  readonly type: ColumnType;
}

/** One function over a window. The frame is left out where the function does not look at it. */
export type WindowCall =
  | (WindowCallBase & {
      readonly kind: "function";
      readonly name: Exclude<WindowFunctionName, "first_value" | "last_value" | "nth_value">;
      readonly args: readonly Expression[];
    })
  | (WindowCallBase & {
      readonly kind: "value";
      readonly name: "first_value" | "last_value" | "nth_value";
      readonly args: readonly Expression[];
      readonly frame: WindowFrame;
    })
  | (WindowCallBase & { readonly kind: "aggregate"; readonly call: AggregateCall; readonly frame: WindowFrame });

function boundExpressions(frame: WindowFrame): readonly Expression[] {
  return [frame.start, frame.end].flatMap((bound) => ("offset" in bound ? [bound.offset] : []));
}

/** The call's expressions over the window's input. */
export function windowCallArguments(call: WindowCall): readonly Expression[] {
  return call.kind === "aggregate" ? aggregateExpressions(call.call) : call.args;
}

/** All expressions of the call, the constant offsets of its frame with them. */
export function windowCallExpressions(call: WindowCall): readonly Expression[] {
  return [...windowCallArguments(call), ...(call.kind === "function" ? [] : boundExpressions(call.frame))];
}

/** The call with each of its arguments replaced. */
export function mapWindowCall(call: WindowCall, replace: (expression: Expression) => Expression): WindowCall {
  if (call.kind === "aggregate") return { ...call, call: mapAggregateCall(call.call, replace) };
  return { ...call, args: call.args.map(replace) };
}
