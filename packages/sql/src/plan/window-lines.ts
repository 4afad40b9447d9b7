import type { Expression } from "./expression.ts";
import type { WindowPlan } from "./plan.ts";
import type { FrameBound, WindowCall, WindowFrame } from "./window.ts";
import { windowCallArguments } from "./window.ts";

type ExpressionText = (expression: Expression) => string;

function boundText(bound: FrameBound, side: "start" | "end", text: ExpressionText): string {
  if (bound.kind === "unbounded") return `unbounded ${side === "start" ? "preceding" : "following"}`;
  return bound.kind === "current" ? "current row" : `${text(bound.offset)} ${bound.kind}`;
}

function frameText(frame: WindowFrame, text: ExpressionText): string {
  const bounds = `${boundText(frame.start, "start", text)} and ${boundText(frame.end, "end", text)}`;
  return ` ${frame.mode} between ${bounds}${frame.exclude === "none" ? "" : ` exclude ${frame.exclude}`}`;
}

function callText(call: WindowCall, text: ExpressionText): string {
  const name = call.kind === "aggregate" ? call.call.name : call.name;
  const args = windowCallArguments(call).map(text).join(", ");
  const star = call.kind === "aggregate" && args === "" ? "*" : args;
  return `${name}(${star})${call.kind === "function" ? "" : frameText(call.frame, text)}`;
}

/** A window node for EXPLAIN. */
export function windowText(plan: WindowPlan, text: ExpressionText): string {
  const partition = plan.partition.length === 0 ? "" : ` partition by ${plan.partition.map(text).join(", ")}`;
  const sort = plan.sort
    .map((key) => `${text(key.expression)}${key.descending ? " desc" : ""}${key.nullsFirst ? " nulls first" : ""}`)
    .join(", ");
  const calls = plan.calls.map((call) => callText(call, text)).join(", ");
  return `Window ${calls}${partition}${sort === "" ? "" : ` order by ${sort}`}`;
}
