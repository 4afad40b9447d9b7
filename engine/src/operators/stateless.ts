import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import type { DeltaBatch } from "../delta/delta-batch.ts";
import type { Tally } from "../state/tally.ts";
import type { Enumeration, Operator } from "./operator.ts";

/** An operator of one input that treats every row by itself and has no state but its error count. */
export abstract class StatelessOperator implements Operator {
  abstract readonly repeats: boolean;

  protected abstract transform(batch: DeltaBatch, tally: Tally): DeltaBatch;

  apply(_transaction: WriteTransaction, inputs: readonly DeltaBatch[], tally: Tally): DeltaBatch {
    return this.transform(inputs[0] as DeltaBatch, tally);
  }

  *enumerate(_reads: ReadTransaction, inputs: readonly (() => Enumeration)[], tally: Tally): Enumeration {
    for (const batch of (inputs[0] as () => Enumeration)()) yield this.transform(batch, tally);
  }
}
