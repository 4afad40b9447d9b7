import type { ChainState } from "./chain-state.ts";
import type { FoldKind } from "./fold.ts";
import type { CallArguments } from "./partition-entries.ts";
import type { Reach, Reaches } from "./reach.ts";
import type { RowView } from "../expression/row-view.ts";
import type { WindowRows } from "./window-rows.ts";

/** On what, beside a row's neighbourhood, a call's value at the row depends. */
export interface Needs extends Reaches {
  /** Number of rows before it. */
  readonly position: boolean;
  /** Number of peer groups before it. */
  readonly groups: boolean;
  /** A state of the rows before it (or of all rows of the partition, see `total`). */
  readonly fold: FoldKind | null;
  /** `position` and `fold` of the whole partition. */
  readonly total: boolean;
  /** Anything in the partition: a change means that all of it is computed again. */
  readonly everything: boolean;
}

export const NO_NEEDS: Needs = {
  back: [],
  forward: [],
  position: false,
  groups: false,
  fold: null,
  total: false,
  everything: false,
};

/** The stretch of a partition that calls are evaluated over. */
export interface Stretch {
  readonly rows: WindowRows;
  /** The state before the stretch's first row; the initial one where no call needs it. */
  readonly base: ChainState;
  /** The state of the whole partition; null where no call needs it. */
  readonly total: ChainState | null;
}

/** A call's value at one row after the other, in ascending order; throws EvaluationError. */
export type Evaluate = (row: number) => Buffer | null;

/** One call of a window node. */
export interface CompiledCall {
  readonly needs: Needs;
  /** Reads the arguments from a row; throws EvaluationError. */
  readArguments(view: RowView): CallArguments;
  /** Begins to evaluate the rows from `from` to before `to`. */
  begin(stretch: Stretch, from: number, to: number): Evaluate;
}

export function rowsReach(count: number): readonly Reach[] {
  return count <= 0 ? [] : [{ kind: "rows", count }];
}
