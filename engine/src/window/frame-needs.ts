import type { CompiledFrame } from "./frame.ts";
import { type Needs, NO_NEEDS, rowsReach } from "./compiled-call.ts";
import type { FoldKind } from "./fold.ts";
import type { Reach } from "./reach.ts";

const PEERS: Reach = { kind: "groups", count: 0 };

/** What a bound of the frame asks for on one side of a row. */
function boundReach(frame: CompiledFrame, side: "start" | "end", forward: boolean): readonly Reach[] {
  const bound = frame[side];
  if (bound.unbounded) return [];
  if (bound.inRange !== null) return bound.preceding === forward ? [] : [{ kind: "range", frame }];
  const distance = forward ? bound.distance : -bound.distance;
  if (frame.mode === "rows") return rowsReach(distance);
  // CURRENT ROW are the row's peers: the first of them at the start, the last at the end.
  return distance > 0 || (distance === 0 && (side === "end") === forward) ? [{ kind: "groups", count: distance }] : [];
}

/**
 * RANGE offsets that leave the row itself out of its frame are not followed; they are rare. Of those that do not move monotonically all rows of the
 * partition must be walked over.
 */
function isWalkable(frame: CompiledFrame): boolean {
  const { start, end } = frame;
  if (!start.isMonotonic || !end.isMonotonic) return false;
  return (start.inRange === null || start.preceding) && (end.inRange === null || !end.preceding);
}

/**
 * How a call over the frame follows changes. `fold` is what it makes of all rows before one, where the frame's start is unbounded; null: it
 * looks at rows by their places.
 */
export function frameNeeds(frame: CompiledFrame, fold: FoldKind | null, looksAtEndOnly: boolean): Needs {
  const { start, end, exclude } = frame;
  const unboundedStart = start.unbounded && !looksAtEndOnly;
  if (start.unbounded && end.unbounded && exclude === "none") {
    return fold === null ? { ...NO_NEEDS, everything: true } : { ...NO_NEEDS, fold, total: true };
  }
  const excluding = exclude === "none" ? [] : [PEERS];
  const needsAll = end.unbounded || !isWalkable(frame) || (start.unbounded && exclude !== "none");
  if (needsAll || (unboundedStart && fold === null)) return { ...NO_NEEDS, everything: true };
  return {
    ...NO_NEEDS,
    back: [...boundReach(frame, "start", false), ...boundReach(frame, "end", false), ...excluding],
    forward: [...boundReach(frame, "start", true), ...boundReach(frame, "end", true), ...excluding],
    fold: unboundedStart ? fold : null,
  };
}
