import { assert } from "@freshet/base";
import type { ReadTransaction } from "@freshet/store";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { ENUMERATED_ROWS } from "../operators/arrange.ts";
import type { Enumeration, Operator } from "../operators/operator.ts";
import { decodeMultisetEntry, pagedScan } from "../state/multiset.ts";

/** A table as a node of the graph: its deltas come from TableRows, its content can be enumerated. */
export class TableOperator implements Operator {
  readonly repeats = false;
  readonly #arrangement: number;
  readonly #identity: "key" | "full";

  constructor(arrangement: number, identity: "key" | "full") {
    this.#arrangement = arrangement;
    this.#identity = identity;
  }

  apply(): DeltaBatch {
    assert(false, "a table has no input");
  }

  *enumerate(reads: ReadTransaction): Enumeration {
    let batch = new DeltaBatch();
    for (const entry of pagedScan(reads, this.#arrangement)) {
      if (this.#identity === "key") batch.push(entry.value, 1);
      else {
        const { row, weight } = decodeMultisetEntry(entry);
        batch.push(row, weight);
      }
      if (batch.length < ENUMERATED_ROWS) continue;
      yield batch;
      batch = new DeltaBatch();
    }
    if (batch.length > 0) yield batch;
  }
}
