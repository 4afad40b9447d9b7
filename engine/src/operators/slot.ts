import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import type { Accumulator, AggregateState } from "../aggregate-state/accumulator.ts";
import type { RowView } from "../expression/row-view.ts";
import type { Tally } from "../state/tally.ts";
import type { BytesReader } from "./evaluate.ts";

/** An aggregate's argument on one row, with its key where the aggregate keeps its values in order. */
export interface SlotValue {
  readonly bytes: Buffer | null;
  readonly key: Buffer | null;
}

/** Of a row that the aggregate does not take in. */
export const ABSENT: SlotValue = { bytes: null, key: null };

/** Group key and the aggregate's number: prefix of the values that the aggregate keeps of a group. */
export function slotPrefix(group: Buffer, slot: number): Buffer {
  const prefix = Buffer.allocUnsafe(group.length + 1);
  prefix.set(group, 0);
  prefix[group.length] = slot;
  return prefix;
}

/** One aggregate of an aggregation. */
export interface AggregateSlot {
  /** Of aggregates that accumulate; null for those that choose among the kept values. */
  readonly accumulator: Accumulator | null;
  /** Where the argument's value is all that the aggregate needs and the accumulator all that it keeps: reads the value. `evaluate` and `add` do the same. */
  readonly read?: BytesReader;
  /** The argument's value; throws EvaluationError, before anything is changed. */
  evaluate(view: RowView): SlotValue;
  add(
    transaction: WriteTransaction,
    state: AggregateState | null,
    group: Buffer,
    value: SlotValue,
    weight: number,
    tally: Tally,
  ): void;
  result(reads: ReadTransaction, state: AggregateState | null, group: Buffer): Buffer | null;
}
