import { type AggregateCall, isListAggregate, type WindowCall } from "@freshet/sql";
import { type ColumnType, packRow } from "@freshet/values";
import type { RowView } from "../expression/row-view.ts";
import type { CallArguments } from "./partition-entries.ts";
import type { ListAggregate } from "../aggregate-list/collector.ts";
import type { Accumulator } from "../aggregate-state/accumulator.ts";
import { createListAggregate } from "../aggregate-list/create-list-aggregate.ts";
import { createAccumulator } from "../aggregate-state/create-accumulator.ts";
import {
  type BytesReader,
  compileBytes,
  type CompileContext,
  compilePredicate,
  requireOrder,
} from "../operators/evaluate.ts";
import type { CompiledCall, Evaluate, Stretch } from "./compiled-call.ts";
import { includedRanges } from "./exclusion.ts";
import { accumulatorFold, Extremum, extremumFold, type FoldKind, presentFold } from "./fold.ts";
import { prefixEvaluation, totalEvaluation } from "./fold-evaluation.ts";
import { withBoundChecks } from "./bound-checks.ts";
import { compileFrame, type CompiledFrame, framesOf, type RangeOrder } from "./frame.ts";
import { frameNeeds } from "./frame-needs.ts";
import { FrameExtremum } from "./frame-extremum.ts";
import { leftOut, MovingState } from "./moving-state.ts";

type AggregateWindowCall = Extract<WindowCall, { kind: "aggregate" }>;

function moving(index: number, frame: CompiledFrame, accumulator: Accumulator): CompiledCall["begin"] {
  return ({ rows }: Stretch, from: number, to: number): Evaluate => {
    const frames = framesOf(frame, rows, from, to);
    const state = new MovingState(accumulator, rows, index);
    return (row) => {
      const [start, end] = [frames.starts[row - from] as number, frames.ends[row - from] as number];
      state.moveTo(start, end);
      if (frame.exclude === "none") return state.resultWithout([]);
      return state.resultWithout(leftOut(includedRanges(frame, rows, row, start, end), start, end));
    };
  };
}

function movingExtremum(index: number, frame: CompiledFrame, extremum: Extremum): CompiledCall["begin"] {
  return ({ rows }: Stretch, from: number, to: number): Evaluate => {
    const frames = framesOf(frame, rows, from, to);
    const best = new FrameExtremum(extremum, rows, index);
    return (row) => {
      const [start, end] = [frames.starts[row - from] as number, frames.ends[row - from] as number];
      return best.of(includedRanges(frame, rows, row, start, end));
    };
  };
}

/** An aggregate that makes one value of all rows: collected anew for each frame that differs from the last row's. */
function listed(index: number, frame: CompiledFrame, list: ListAggregate): CompiledCall["begin"] {
  return ({ rows }: Stretch, from: number, to: number): Evaluate => {
    const frames = framesOf(frame, rows, from, to);
    let last: { readonly start: number; readonly end: number; readonly value: Buffer | null } | null = null;
    return (row) => {
      const [start, end] = [frames.starts[row - from] as number, frames.ends[row - from] as number];
      if (last !== null && frame.exclude === "none" && last.start === start && last.end === end) return last.value;
      const collector = list.collect();
      for (const range of includedRanges(frame, rows, row, start, end)) {
        for (let at = range.from; at < range.to; at++) {
          const values = rows.args(at, index);
          if (values !== null && !list.ignores(values)) collector.add(values);
        }
      }
      last = { start, end, value: collector.result() };
      return last.value;
    };
  };
}

/** any_value: the first value of the frame that is not NULL. */
function firstPresent(index: number, frame: CompiledFrame): CompiledCall["begin"] {
  return ({ rows }: Stretch, from: number, to: number): Evaluate => {
    const frames = framesOf(frame, rows, from, to);
    return (row) => {
      const [start, end] = [frames.starts[row - from] as number, frames.ends[row - from] as number];
      for (const range of includedRanges(frame, rows, row, start, end)) {
        for (let at = range.from; at < range.to; at++) {
          const value = rows.args(at, index)?.[0] ?? null;
          if (value !== null) return value;
        }
      }
      return null;
    };
  };
}

/** How an aggregate is computed: of all rows from the partition's first on, where it can be, and of a frame by its rows. */
interface Strategy {
  readonly fold: FoldKind | null;
  readonly overFrame: CompiledCall["begin"];
}

function strategyOf(call: AggregateCall, index: number, frame: CompiledFrame, context: CompileContext): Strategy {
  const { name, arg } = call;
  if (isListAggregate(name)) {
    return { fold: null, overFrame: listed(index, frame, createListAggregate(name, call, context.codecs)) };
  }
  if (arg !== null && name === "any_value") return { fold: presentFold, overFrame: firstPresent(index, frame) };
  if (arg !== null && (name === "min" || name === "max")) {
    const extremum = new Extremum(name, requireOrder(context, { ...arg.type, collation: call.inputCollation }));
    return { fold: extremumFold(extremum), overFrame: movingExtremum(index, frame, extremum) };
  }
  const accumulator = createAccumulator(call, arg?.type ?? null, context.codecs);
  return { fold: accumulatorFold(accumulator), overFrame: moving(index, frame, accumulator) };
}

function argumentReader(
  call: AggregateCall,
  columns: readonly ColumnType[],
  context: CompileContext,
): CompiledCall["readArguments"] {
  const args = [...(call.arg === null ? [] : [call.arg]), ...(call.rest ?? [])];
  const readers: readonly BytesReader[] = args.map((arg) => compileBytes(arg, columns, context));
  const isPacked = readers.length > 1 && !isListAggregate(call.name);
  const read = (view: RowView): CallArguments => {
    const values = readers.map((reader) => reader(view));
    // Accumulators take several arguments as one row, and none where one is NULL.
    return isPacked ? [values.includes(null) ? null : packRow(values)] : values;
  };
  if (call.filter === undefined) return read;
  const filter = compilePredicate(call.filter, columns, context);
  return (view) => (filter(view) ? read(view) : null);
}

/** Call number `index` of a window: an aggregate over each row's frame. */
export function compileAggregateCall(
  { call, frame: written }: AggregateWindowCall,
  index: number,
  columns: readonly ColumnType[],
  order: RangeOrder | undefined,
  context: CompileContext,
): CompiledCall {
  const frame = compileFrame(written, order, context);
  const { fold, overFrame } = strategyOf(call, index, frame, context);
  const readArguments = argumentReader(call, columns, context);
  const needs = frameNeeds(frame, fold, false);
  if (needs.total) return { needs, readArguments, begin: totalEvaluation(index) };
  const begin = needs.fold === null ? overFrame : prefixEvaluation(index, frame);
  return { needs, readArguments, begin: withBoundChecks(frame, begin) };
}
