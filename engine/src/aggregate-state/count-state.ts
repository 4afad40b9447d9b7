import type { Accumulator, AggregateState } from "./accumulator.ts";
import { StateReader, StateWriter } from "./state-bytes.ts";

/** count(*) counts rows, count(x) rows in which x is not NULL. */
class CountState implements AggregateState {
  readonly #everyRow: boolean;
  #count: number;

  constructor(everyRow: boolean, count: number) {
    this.#everyRow = everyRow;
    this.#count = count;
  }

  add(bytes: Buffer | null, weight: number): void {
    if (this.#everyRow || bytes !== null) this.#count += weight;
  }

  result(): Buffer {
    const result = Buffer.allocUnsafe(8);
    result.writeInt32BE(Math.floor(this.#count / 0x1_0000_0000), 0);
    result.writeUInt32BE(this.#count >>> 0, 4);
    return result;
  }

  serialize(): Buffer {
    const out = new StateWriter();
    out.integer(this.#count);
    return out.take();
  }
}

export function countAccumulator(everyRow: boolean): Accumulator {
  return {
    create: () => new CountState(everyRow, 0),
    deserialize: (bytes) => new CountState(everyRow, new StateReader(bytes).number()),
  };
}
