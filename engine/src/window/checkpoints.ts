import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import type { Tally } from "../state/tally.ts";
import { type ChainSpec, ChainState } from "./chain-state.ts";

/** One row in so many, on average, has a checkpoint. A power of two. */
const ROWS_PER_CHECKPOINT = 16;

/** Whether a checkpoint may lie at the row with this key: a matter of the key alone, so that changes elsewhere move no checkpoint. */
export function isCheckpointKey(key: Buffer): boolean {
  let hash = 0x811c9dc5;
  for (let at = Math.max(0, key.length - 40); at < key.length; at++) {
    hash = Math.imul(hash ^ (key[at] as number), 0x01000193);
  }
  hash ^= hash >>> 15;
  return ((hash ^ (hash >>> 7)) & (ROWS_PER_CHECKPOINT - 1)) === 0;
}

/**
 * States of a window's chain before some of the rows, kept in an arrangement under the row's key. Each is a shortcut only: one that
 * is missing means to begin further left. One that is there is right.
 */
export class Checkpoints {
  readonly #arrangement: number;
  readonly #spec: ChainSpec;

  constructor(arrangement: number, spec: ChainSpec) {
    this.#arrangement = arrangement;
    this.#spec = spec;
  }

  /** The last state below `end`, with the key of the row that it lies before; without one the initial state and null. */
  find(reads: ReadTransaction, partition: Buffer, end: Buffer | undefined): { key: Buffer | null; state: ChainState } {
    const options = { start: partition, ...(end === undefined ? {} : { end }), reverse: true, limit: 1 };
    for (const { key, value } of reads.scan(this.#arrangement, options)) {
      return { key, state: ChainState.restore(this.#spec, value) };
    }
    return { key: null, state: this.initial() };
  }

  /** The state before a partition's first row. */
  initial(): ChainState {
    return new ChainState(this.#spec);
  }

  put(transaction: WriteTransaction, key: Buffer, state: ChainState, tally: Tally): void {
    const bytes = state.serialize();
    const old = transaction.get(this.#arrangement, key);
    if (old?.equals(bytes) === true) return;
    transaction.put(this.#arrangement, key, bytes);
    tally.bytes += bytes.length - (old?.length ?? -key.length);
  }

  remove(transaction: WriteTransaction, key: Buffer, tally: Tally): void {
    const old = transaction.get(this.#arrangement, key);
    if (old === undefined) return;
    transaction.remove(this.#arrangement, key);
    tally.bytes -= key.length + old.length;
  }
}
