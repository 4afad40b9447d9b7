import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import { DeltaBatch } from "../delta/delta-batch.ts";
import type { Enumeration, Operator } from "./operator.ts";

/** The rows of all inputs. */
export class UnionAllOperator implements Operator {
  readonly repeats = true;

  apply(_transaction: WriteTransaction, inputs: readonly DeltaBatch[]): DeltaBatch {
    const result = new DeltaBatch();
    for (const input of inputs) input.forEach((row, weight) => result.push(row, weight));
    return result;
  }

  *enumerate(_reads: ReadTransaction, inputs: readonly (() => Enumeration)[]): Enumeration {
    for (const input of inputs) yield* input();
  }
}
