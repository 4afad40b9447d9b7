import type { Accumulator } from "./accumulator.ts";
import type { StateReader, StateWriter } from "./state-bytes.ts";
import { type Sum, sumAccumulator } from "./sum-state.ts";

/** How many values are true, and how many false. */
class TruthCounts implements Sum {
  trues = 0;
  falses = 0;

  get count(): number {
    return this.trues + this.falses;
  }

  add(bytes: Buffer, weight: number): void {
    if (bytes[0] === 0) this.falses += weight;
    else this.trues += weight;
  }

  write(out: StateWriter): void {
    out.integer(this.trues);
    out.integer(this.falses);
  }

  read(source: StateReader): void {
    this.trues = source.number();
    this.falses = source.number();
  }
}

/** bool_and is true when no value is false, bool_or when one is true. */
export function truthAccumulator(name: "bool_and" | "bool_or"): Accumulator {
  const holds =
    name === "bool_and" ? (counts: TruthCounts) => counts.falses === 0 : (counts: TruthCounts) => counts.trues > 0;
  return sumAccumulator(
    () => new TruthCounts(),
    (counts) => Buffer.from([holds(counts) ? 1 : 0]),
  );
}
