import type { CompiledFrame } from "./frame.ts";
import type { WindowRows } from "./window-rows.ts";

/** A half-open range of rows. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** The parts of [start, end) that the frame's EXCLUDE leaves of it, in order. */
export function includedRanges(
  frame: CompiledFrame,
  rows: WindowRows,
  row: number,
  start: number,
  end: number,
): readonly RowRange[] {
  if (frame.exclude === "none") return start < end ? [{ from: start, to: end }] : [];
  const group = rows.groupOf(row);
  const [first, behind] =
    frame.exclude === "current-row" ? [row, row + 1] : [rows.groupStart(group), rows.groupStart(group + 1)];
  const ranges = [{ from: start, to: Math.min(end, first) }];
  if (frame.exclude === "ties") ranges.push({ from: Math.max(start, row), to: Math.min(end, row + 1) });
  ranges.push({ from: Math.max(start, behind), to: end });
  return ranges.filter(({ from, to }) => from < to);
}
