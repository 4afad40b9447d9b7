import { EMPTY_ROW } from "@freshet/values";
import { DeltaBatch } from "../delta/delta-batch.ts";
import type { Enumeration, Operator } from "./operator.ts";

/** One row without columns, from the start and for ever: it has no inputs, so that nothing ever happens to it. */
export class UnitOperator implements Operator {
  readonly repeats = false;

  apply(): DeltaBatch {
    return new DeltaBatch();
  }

  *enumerate(): Enumeration {
    const batch = new DeltaBatch();
    batch.push(EMPTY_ROW, 1);
    yield batch;
  }
}
