import type { FrameBound, WindowFrame } from "../plan/window.ts";
import type { TreeNode } from "./node-tree.ts";
import type { QueryScope } from "./query-scope.ts";
import { unsupported } from "./unsupported.ts";

/** `frameOptions` of a window clause (PostgreSQL's parsenodes.h). */
const Option = {
  rows: 0x00004,
  groups: 0x00008,
  startUnbounded: 0x00020,
  endUnbounded: 0x00100,
  startCurrent: 0x00200,
  endCurrent: 0x00400,
  startPreceding: 0x00800,
  endPreceding: 0x01000,
  startFollowing: 0x02000,
  endFollowing: 0x04000,
  excludeCurrent: 0x08000,
  excludeGroup: 0x10000,
  excludeTies: 0x20000,
} as const;

/** Functions by which the engine compares RANGE offsets. */
const IN_RANGE: ReadonlySet<string> = new Set([
  "in_range_int2_int2",
  "in_range_int2_int4",
  "in_range_int2_int8",
  "in_range_int4_int2",
  "in_range_int4_int4",
  "in_range_int4_int8",
  "in_range_int8_int8",
  "in_range_float8_float8",
  "in_range_float4_float8",
  "in_range_numeric_numeric",
  "in_range_date_interval",
  "in_range_timestamp_interval",
  "in_range_timestamptz_interval",
  "in_range_interval_interval",
  "in_range_time_interval",
  "in_range_timetz_interval",
]);

function modeOf(options: number): WindowFrame["mode"] {
  if ((options & Option.rows) !== 0) return "rows";
  return (options & Option.groups) !== 0 ? "groups" : "range";
}

function excludeOf(options: number): WindowFrame["exclude"] {
  if ((options & Option.excludeCurrent) !== 0) return "current-row";
  if ((options & Option.excludeGroup) !== 0) return "group";
  return (options & Option.excludeTies) !== 0 ? "ties" : "none";
}

function offsetBound(kind: "preceding" | "following", node: TreeNode, scope: QueryScope): FrameBound {
  const offset = scope.translate(node);
  return { kind, offset };
}

function startBound(options: number, clause: TreeNode, scope: QueryScope): FrameBound {
  if ((options & Option.startUnbounded) !== 0) return { kind: "unbounded" };
  if ((options & Option.startCurrent) !== 0) return { kind: "current" };
  const preceding = (options & Option.startPreceding) !== 0;
  return offsetBound(preceding ? "preceding" : "following", clause.node("startOffset"), scope);
}

function endBound(options: number, clause: TreeNode, scope: QueryScope): FrameBound {
  if ((options & Option.endUnbounded) !== 0) return { kind: "unbounded" };
  if ((options & Option.endCurrent) !== 0) return { kind: "current" };
  const preceding = (options & Option.endPreceding) !== 0;
  return offsetBound(preceding ? "preceding" : "following", clause.node("endOffset"), scope);
}

function inRangeSymbol(clause: TreeNode, bounds: readonly FrameBound[], scope: QueryScope): string | null {
  const fields = (["startInRangeFunc", "endInRangeFunc"] as const).filter((_field, index) => {
    const bound = bounds[index];
    return bound !== undefined && "offset" in bound;
  });
  const symbols = fields.map((field) => scope.catalog.functions.get(clause.int(field))?.symbol ?? "");
  const [symbol] = symbols;
  if (symbol === undefined) return null;
  // Both are of one operator family and of one type of offset, unless the offsets' types differ.
  if (symbols.some((other) => other !== symbol)) throw unsupported("RANGE offsets of two types are not supported");
  if (!IN_RANGE.has(symbol)) throw unsupported("RANGE offsets over this type are not supported");
  return symbol;
}

/** The clause's frame; where all rows of a partition are peers, CURRENT ROW is the partition's end. */
export function translateFrame(clause: TreeNode, scope: QueryScope): WindowFrame {
  const options = clause.int("frameOptions");
  const mode = modeOf(options);
  const allPeers = mode !== "rows" && clause.nodes("orderClause").length === 0;
  const widen = (bound: FrameBound): FrameBound =>
    allPeers && bound.kind === "current" ? { kind: "unbounded" } : bound;
  const start = widen(startBound(options, clause, scope));
  const end = widen(endBound(options, clause, scope));
  const inRange = mode === "range" ? inRangeSymbol(clause, [start, end], scope) : null;
  return { mode, start, end, exclude: excludeOf(options), inRange };
}
