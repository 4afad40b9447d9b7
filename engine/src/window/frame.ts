import type { FrameBound, WindowFrame } from "@freshet/sql";
import type { Value } from "@freshet/values";
import { unsupported } from "../expression/unsupported.ts";
import type { CompileContext } from "../operators/evaluate.ts";
import { constantValue } from "./constant-value.ts";
import { compileInRange } from "./in-range.ts";
import type { InRange } from "./range-test.ts";
import { type BoundCheck, compileBoundCheck, movesMonotonically } from "./moments-in-range.ts";
import type { WindowRows } from "./window-rows.ts";

/** Larger offsets reach over every partition that fits anywhere. */
const LARGEST_OFFSET = 2 ** 40;

/** A bound in rows or peer groups, behind (positive) or before (negative) the current one. */
interface CompiledBound {
  readonly unbounded: boolean;
  readonly distance: number;
  /** RANGE offset instead of a distance. */
  readonly inRange: InRange | null;
  readonly preceding: boolean;
  /** Fails at a row for which the RANGE offset leads beyond the type's range; null where it cannot. */
  readonly check: BoundCheck | null;
  /** Whether a row's bound depends on that row alone, and not on the rows before it (see movesMonotonically). */
  readonly isMonotonic: boolean;
}

const NO_OFFSET = { distance: 0, inRange: null, preceding: false, check: null, isMonotonic: true } as const;

/** How RANGE offsets order the sort column's values. */
export interface RangeOrder {
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export interface CompiledFrame {
  readonly mode: WindowFrame["mode"];
  readonly start: CompiledBound;
  readonly end: CompiledBound;
  readonly exclude: WindowFrame["exclude"];
  readonly order: RangeOrder;
}

function compileBound(bound: FrameBound, frame: WindowFrame, context: CompileContext): CompiledBound {
  if (bound.kind === "unbounded") return { ...NO_OFFSET, unbounded: true };
  if (bound.kind === "current") return { ...NO_OFFSET, unbounded: false };
  const preceding = bound.kind === "preceding";
  const offset = constantValue(bound.offset, context);
  if (offset === null) throw unsupported("a frame offset of NULL");
  if (frame.mode === "range") {
    if (frame.inRange === null) throw unsupported("a RANGE offset without a comparison");
    return {
      ...NO_OFFSET,
      unbounded: false,
      inRange: compileInRange(frame.inRange, offset),
      preceding,
      check: compileBoundCheck(frame.inRange, offset),
      isMonotonic: movesMonotonically(frame.inRange, offset),
    };
  }
  if (typeof offset !== "bigint" || offset < 0n) throw unsupported("a negative frame offset");
  const distance = Number(offset > BigInt(LARGEST_OFFSET) ? BigInt(LARGEST_OFFSET) : offset);
  return { ...NO_OFFSET, unbounded: false, distance: preceding ? -distance : distance, preceding };
}

export function compileFrame(
  frame: WindowFrame,
  order: RangeOrder | undefined,
  context: CompileContext,
): CompiledFrame {
  return {
    mode: frame.mode,
    start: compileBound(frame.start, frame, context),
    end: compileBound(frame.end, frame, context),
    exclude: frame.exclude,
    order: order ?? { descending: false, nullsFirst: false },
  };
}

/** Whether a row with value `at` stands before the frame's start of a row with value `base`. */
export function isBeforeStart(frame: CompiledFrame, at: Value | null, base: Value | null): boolean {
  const { start, order } = frame;
  if (at === null || base === null) {
    // Only the place of NULLs decides.
    return order.nullsFirst ? at === null && base !== null : at !== null && base === null;
  }
  const inRange = start.inRange as InRange;
  return !(order.descending ? inRange(at, base, !start.preceding, true) : inRange(at, base, start.preceding, false));
}

/** Whether a row with value `at` stands before the end (behind the last row) of the frame of a row with value `base`. */
export function isBeforeEnd(frame: CompiledFrame, at: Value | null, base: Value | null): boolean {
  const { end, order } = frame;
  if (at === null || base === null)
    return order.nullsFirst ? at === null || base !== null : at !== null || base === null;
  const inRange = end.inRange as InRange;
  return order.descending ? inRange(at, base, !end.preceding, false) : inRange(at, base, end.preceding, true);
}

/** Fails where a bound of the frame of a row with value `base` cannot be computed. */
export function checkBounds({ start, end, order }: CompiledFrame, base: Value | null): void {
  if (base === null) return;
  start.check?.(base, start.preceding !== order.descending);
  end.check?.(base, end.preceding !== order.descending);
}

/** The frames of some rows: half-open ranges of positions, neither end ever moving back from one row to the next. */
export interface Frames {
  readonly first: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** The frames of the rows from `from` to before `to`, clipped to `rows`. */
export function framesOf(frame: CompiledFrame, rows: WindowRows, from: number, to: number): Frames {
  const starts = new Int32Array(Math.max(0, to - from));
  const ends = new Int32Array(Math.max(0, to - from));
  let [start, end] = [0, 0];
  for (let row = from; row < to; row++) {
    start = startOf(frame, rows, row, start);
    end = endOf(frame, rows, row, end);
    starts[row - from] = start;
    ends[row - from] = Math.max(start, end);
  }
  return { first: from, starts, ends };
}

function startOf(frame: CompiledFrame, rows: WindowRows, row: number, last: number): number {
  const { start, mode } = frame;
  if (start.unbounded) return 0;
  if (start.inRange !== null) {
    let at = last;
    while (at < rows.length && isBeforeStart(frame, rows.sortValue(at), rows.sortValue(row))) at++;
    return at;
  }
  if (mode === "rows") return Math.min(rows.length, Math.max(0, row + start.distance));
  return rows.groupStart(rows.groupOf(row) + start.distance);
}

function endOf(frame: CompiledFrame, rows: WindowRows, row: number, last: number): number {
  const { end, mode } = frame;
  if (end.unbounded) return rows.length;
  if (end.inRange !== null) {
    let at = last;
    while (at < rows.length && isBeforeEnd(frame, rows.sortValue(at), rows.sortValue(row))) at++;
    return at;
  }
  if (mode === "rows") return Math.min(rows.length, Math.max(0, row + end.distance + 1));
  return rows.groupStart(rows.groupOf(row) + end.distance + 1);
}
