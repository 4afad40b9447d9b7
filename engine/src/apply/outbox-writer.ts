import { encodeOutboxDelta, outboxArrangement, outboxKey } from "@freshet/contract";
import type { WriteTransaction } from "@freshet/store";
import type { Lsn } from "@freshet/values";
import { consolidate, type DeltaBatch } from "../delta/delta-batch.ts";

/** Writes the outboxes of one store transaction: all entries carry the LSN that the transaction reaches. */
export class OutboxWriter {
  readonly #transaction: WriteTransaction;
  readonly #lsn: Lsn;
  readonly #sequences = new Map<number, number>();

  constructor(transaction: WriteTransaction, lsn: Lsn) {
    this.#transaction = transaction;
    this.#lsn = lsn;
  }

  /** Retractions go first, so that a unique key is free before it is taken again. */
  append(cacheId: number, batch: DeltaBatch): void {
    const deltas = consolidate(batch);
    let sequence = this.#sequences.get(cacheId) ?? 0;
    for (const retractions of [true, false]) {
      deltas.forEach((row, weight) => {
        if (weight < 0 !== retractions) return;
        const key = outboxKey(this.#lsn, sequence++);
        this.#transaction.put(outboxArrangement(cacheId), key, encodeOutboxDelta({ weight, row }));
      });
    }
    this.#sequences.set(cacheId, sequence);
  }
}
