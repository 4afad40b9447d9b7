import type { WindowCall } from "@freshet/sql";
import type { ColumnType } from "@freshet/values";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { unsupported } from "../expression/unsupported.ts";
import { compileBytes, type CompileContext } from "../operators/evaluate.ts";
import type { CompiledCall, Evaluate, Needs, Stretch } from "./compiled-call.ts";
import { constantValue, isConstant } from "./constant-value.ts";
import { includedRanges, type RowRange } from "./exclusion.ts";
import { type FoldKind, lastFold, nthFold } from "./fold.ts";
import { compileFrame, type CompiledFrame, framesOf, type RangeOrder } from "./frame.ts";
import { frameNeeds } from "./frame-needs.ts";
import { withBoundChecks } from "./bound-checks.ts";
import { prefixEvaluation, totalEvaluation } from "./fold-evaluation.ts";
import { readInt4 } from "./position-calls.ts";

type ValueCall = Extract<WindowCall, { kind: "value" }>;

/** Which row of the frame: a place from its start (from 1), its last, or for each row a place of its own. */
type Place = number | "last" | "computed" | "none";

function placeOf(call: ValueCall, context: CompileContext): Place {
  if (call.name === "first_value") return 1;
  if (call.name === "last_value") return "last";
  const [, nth] = call.args;
  if (nth === undefined || !isConstant(nth)) return "computed";
  const place = constantValue(nth, context);
  return place === null ? "none" : (place as number);
}

/** The row at `place` (from 1) of the ranges; null when they hold fewer. */
function rowAt(ranges: readonly RowRange[], place: number): number | null {
  let left = place - 1;
  for (const { from, to } of ranges) {
    if (left < to - from) return from + left;
    left -= to - from;
  }
  return null;
}

function refuseBelowOne(place: number): void {
  if (place <= 0) throw new EvaluationError("22016", "argument of nth_value must be greater than zero");
}

/** first_value, last_value and nth_value by the places of the frame's rows. */
function byPlace(index: number, frame: CompiledFrame, place: Place) {
  return ({ rows }: Stretch, from: number, to: number): Evaluate => {
    const frames = framesOf(frame, rows, from, to);
    return (row) => {
      const wanted = place === "computed" ? readInt4(rows.args(row, index)?.[1]) : place;
      if (wanted === null || wanted === "none") return null;
      if (typeof wanted === "number") refuseBelowOne(wanted);
      const [start, end] = [frames.starts[row - from] as number, frames.ends[row - from] as number];
      const ranges = includedRanges(frame, rows, row, start, end);
      const last = ranges.at(-1);
      const at = wanted !== "last" ? rowAt(ranges, wanted) : last === undefined ? null : last.to - 1;
      return at === null ? null : (rows.args(at, index)?.[0] ?? null);
    };
  };
}

function foldOf(place: Place): FoldKind | null {
  if (place === "last") return lastFold;
  return typeof place === "number" && place > 0 ? nthFold(place) : null;
}

/** Call number `index` of a window. */
export function compileValueCall(
  call: ValueCall,
  index: number,
  columns: readonly ColumnType[],
  order: RangeOrder | undefined,
  context: CompileContext,
): CompiledCall {
  const frame = compileFrame(call.frame, order, context);
  const readers = call.args.map((arg) => compileBytes(arg, columns, context));
  const place = placeOf(call, context);
  if (place === "computed" && !(frame.start.isMonotonic && frame.end.isMonotonic)) {
    // PostgreSQL's walk leaves out the rows at which the place is NULL.
    throw unsupported("nth_value of a column over a RANGE offset of months");
  }
  const needs: Needs = frameNeeds(frame, foldOf(place), place === "last");
  const readArguments: CompiledCall["readArguments"] = (view) => readers.map((read) => read(view));
  if (needs.total) return { needs, readArguments, begin: totalEvaluation(index) };
  const begin = needs.fold !== null ? prefixEvaluation(index, frame) : byPlace(index, frame, place);
  return { needs, readArguments, begin: withBoundChecks(frame, begin) };
}
