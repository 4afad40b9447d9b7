import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import type { DeltaBatch } from "../delta/delta-batch.ts";
import type { Tally } from "../state/tally.ts";

/** Yields a node's present output, in batches of bounded size. Rows may repeat. */
export type Enumeration = Iterable<DeltaBatch>;

/**
 * A node of the dataflow graph. The operator law: for any state S and commit c,
 * integrate(apply(c)) = recompute(S + c) - recompute(S), for the output and for the errors.
 * All state lies in the node's arrangements and its tally; operators keep nothing in memory.
 */
export interface Operator {
  /** Whether `apply` may put out a row more than once; the graph then consolidates for those that need it. */
  readonly repeats: boolean;
  /** True where `apply` takes its input as it comes and adds up equal rows by itself. */
  readonly takesRepeats?: boolean;
  /**
   * Takes in one batch per input, consolidated unless the operator takes repeats, and returns the output's deltas. The inputs' own state
   * (arrangements that a join reads) has taken them in already.
   */
  apply(transaction: WriteTransaction, inputs: readonly DeltaBatch[], tally: Tally): DeltaBatch;
  /**
   * Takes in one batch as `apply` does while the node is being built, when nobody takes its output. Only where that saves work. What
   * fails in the output is not counted: `enumerate` does it, in the tally that it is given.
   */
  fill?(transaction: WriteTransaction, inputs: readonly DeltaBatch[], tally: Tally): void;
  /**
   * The present output as far as `reads` shows it; `inputs` enumerate the inputs at the same state. Rows
   * that a node without state fails on are added to the tally's errors.
   */
  enumerate(reads: ReadTransaction, inputs: readonly (() => Enumeration)[], tally: Tally): Enumeration;
  /**
   * The present output rows that have one list of values in columns that partial/narrowing follows to `inputs`: these give all rows with the values,
   * others are absent. Only where `enumerate` does not go by its inputs.
   */
  enumerateOf?(reads: ReadTransaction, inputs: readonly (() => Enumeration)[]): Enumeration;
}
