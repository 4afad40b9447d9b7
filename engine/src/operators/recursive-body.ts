import type { WriteTransaction } from "@freshet/store";
import { consolidate, type DeltaBatch, EMPTY_BATCH } from "../delta/delta-batch.ts";
import { newTally, type Tally } from "../state/tally.ts";
import type { Operator } from "./operator.ts";

/** A node of the body: an operator, or one of the recursive node's inputs (0: its result). Inputs are earlier nodes. */
export type BodyNode =
  | { readonly operator: Operator; readonly inputs: readonly number[] }
  | { readonly operator: null; readonly input: number };

/** The recursive term as a graph of its own, kept up to date by deltas of what it reads. */
export class RecursiveBody {
  readonly #nodes: readonly BodyNode[];

  constructor(nodes: readonly BodyNode[]) {
    this.#nodes = nodes;
  }

  /** The change of the term's rows by a change of its inputs. */
  run(transaction: WriteTransaction, deltas: ReadonlyMap<number, DeltaBatch>, tally: Tally): DeltaBatch {
    const outputs: DeltaBatch[] = [];
    const own = newTally();
    for (const node of this.#nodes) {
      if (node.operator === null) {
        outputs.push(deltas.get(node.input) ?? EMPTY_BATCH);
        continue;
      }
      const inputs = node.inputs.map((input) => outputs[input] ?? EMPTY_BATCH);
      const isIdle = inputs.every((input) => input.length === 0);
      const output = isIdle ? EMPTY_BATCH : node.operator.apply(transaction, inputs, own);
      outputs.push(node.operator.repeats ? consolidate(output) : output);
    }
    tally.errors += own.errors;
    tally.bytes += own.bytes;
    return outputs.at(-1) ?? EMPTY_BATCH;
  }
}
