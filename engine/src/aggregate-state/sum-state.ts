import type { Accumulator, AggregateState } from "./accumulator.ts";
import { StateReader, StateWriter } from "./state-bytes.ts";

/** An exact, reversible sum of the values that are not NULL. */
export interface Sum {
  /** Values in it. */
  readonly count: number;
  add(bytes: Buffer, weight: number): void;
  write(out: StateWriter): void;
  read(from: StateReader): void;
}

/** What is made of the sum of at least one value; null for NULL. */
type Finish<S extends Sum> = (sum: S) => Buffer | null;

class SumState<S extends Sum> implements AggregateState {
  readonly #sum: S;
  readonly #finish: Finish<S>;

  constructor(sum: S, finish: Finish<S>) {
    this.#sum = sum;
    this.#finish = finish;
  }

  add(bytes: Buffer | null, weight: number): void {
    if (bytes !== null) this.#sum.add(bytes, weight);
  }

  result(): Buffer | null {
    return this.#sum.count === 0 ? null : this.#finish(this.#sum);
  }

  serialize(): Buffer {
    const out = new StateWriter();
    this.#sum.write(out);
    return out.take();
  }
}

/** sum or avg over one kind of sum; NULL when it holds no value. */
export function sumAccumulator<S extends Sum>(empty: () => S, finish: Finish<S>): Accumulator {
  return {
    create: () => new SumState(empty(), finish),
    deserialize: (bytes) => {
      const sum = empty();
      sum.read(new StateReader(bytes));
      return new SumState(sum, finish);
    },
  };
}
