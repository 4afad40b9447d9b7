import { Oid } from "@freshet/values";
import { splitConjuncts } from "./conjuncts.ts";
import type { Expression } from "../plan/expression.ts";
import { mapPlan } from "../plan/plan-walk.ts";
import type { FilterPlan, Plan, WindowPlan } from "../plan/plan.ts";
import type { WindowCall } from "../plan/window.ts";

/** The comparisons of a bigint with a bigint or integer that bound it from above: how much less than the other side it may be. */
const BOUNDS: ReadonlyMap<string, { readonly flipped: boolean; readonly less: number }> = new Map([
  ["int8le", { flipped: false, less: 0 }],
  ["int84le", { flipped: false, less: 0 }],
  ["int8lt", { flipped: false, less: 1 }],
  ["int84lt", { flipped: false, less: 1 }],
  ["int8eq", { flipped: false, less: 0 }],
  ["int84eq", { flipped: false, less: 0 }],
  ["int8ge", { flipped: true, less: 0 }],
  ["int48ge", { flipped: true, less: 0 }],
  ["int8gt", { flipped: true, less: 1 }],
  ["int48gt", { flipped: true, less: 1 }],
  ["int48eq", { flipped: true, less: 0 }],
]);

/** More rows of a partition are not worth keeping apart. */
const MOST_ROWS = 10_000;

function integerOf(expression: Expression | undefined): number | null {
  if (expression?.kind === "call" && expression.name === "int48") return integerOf(expression.args[0]);
  if (expression?.kind !== "constant" || expression.value === null) return null;
  const bytes = Buffer.from(expression.value, "latin1");
  if (expression.type.typeOid === Oid.int4) return bytes.readInt32BE(0);
  return expression.type.typeOid === Oid.int8 ? Number(bytes.readBigInt64BE(0)) : null;
}

/** The column that a condition bounds from above by a constant, and the bound. */
function upperBound(conjunct: Expression): { readonly column: number; readonly most: number } | null {
  const bound = conjunct.kind === "call" ? BOUNDS.get(conjunct.name) : undefined;
  if (bound === undefined || conjunct.kind !== "call") return null;
  const [left, right] = bound.flipped ? [conjunct.args[1], conjunct.args[0]] : conjunct.args;
  const most = integerOf(right);
  return left?.kind !== "column" || most === null ? null : { column: left.index, most: most - bound.less };
}

/** Functions of a row that only the rows before it, and its peers, have a part in. */
function looksBack(call: WindowCall): boolean {
  return call.kind === "function" && ["row_number", "rank", "dense_rank"].includes(call.name);
}

/** The window with no more rows of each partition than the bound on one of its columns lets through. */
function limited(window: WindowPlan, column: number, most: number): WindowPlan | null {
  const call = window.calls[column - window.input.columns.length];
  if (call?.kind !== "function" || (call.name !== "row_number" && call.name !== "rank")) return null;
  if (most > MOST_ROWS || !window.calls.every(looksBack)) return null;
  const { input, partition, sort } = window;
  const ties = call.name === "rank" ? ({ ties: true } as const) : {};
  const limit = Math.max(0, most);
  const top: Plan = { kind: "top-k", input, partition, sort, limit, offset: 0, ...ties, columns: input.columns };
  return { ...window, input: top };
}

/** `plan` with the window at its bottom limited by a bound on one of its columns; null where there is none to limit. */
function limitBelow(plan: Plan, column: number, most: number): Plan | null {
  if (plan.kind === "window") return limited(plan, column, most);
  if (plan.kind !== "project" && plan.kind !== "filter") return null;
  const source = plan.kind === "filter" ? column : columnBelow(plan.expressions[column]);
  const input = source === null ? null : limitBelow(plan.input, source, most);
  return input === null ? null : { ...plan, input };
}

function columnBelow(expression: Expression | undefined): number | null {
  return expression?.kind === "column" ? expression.index : null;
}

function limitFiltered(filter: FilterPlan): Plan {
  for (const conjunct of splitConjuncts(filter.predicate)) {
    const bound = upperBound(conjunct);
    const input = bound === null ? null : limitBelow(filter.input, bound.column, bound.most);
    if (input !== null) return { ...filter, input };
  }
  return filter;
}

/**
 * Where a filter keeps only the first rows of each partition (row_number() or rank() up to a constant), the window is computed over
 * these alone: a partitioned top-k below it finds them, so that a change costs O(log n) and not the rows behind it. Tied rows
 * stand in the same order in both.
 */
export function limitWindows(plan: Plan): Plan {
  return mapPlan(plan, (node) => (node.kind === "filter" ? limitFiltered(node) : node));
}

/** Whether a constant bound on the column of `plan` would limit a window. */
export function countsRows(plan: Plan, column: number): boolean {
  return limitBelow(plan, column, 1) !== null;
}
