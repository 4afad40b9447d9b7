import type { Codec } from "@freshet/values";
import { KeyWriter, packRow, unpackRow } from "@freshet/values";
import type { Accumulator, AggregateState } from "../aggregate-state/accumulator.ts";
import type { CallArguments } from "./partition-entries.ts";

/** What a call makes of all rows from a partition's first up to some row, taken in one after the other. */
export interface Fold {
  /** Takes in `copies` equal rows. */
  add(args: CallArguments, copies: number): void;
  /** The call's value; throws EvaluationError. */
  result(): Buffer | null;
  serialize(): Buffer;
}

export interface FoldKind {
  create(): Fold;
  restore(bytes: Buffer): Fold;
}

class AccumulatorFold implements Fold {
  readonly #state: AggregateState;

  constructor(state: AggregateState) {
    this.#state = state;
  }

  add(args: CallArguments, copies: number): void {
    if (args !== null) this.#state.add(args[0] ?? null, copies);
  }

  result(): Buffer | null {
    return this.#state.result();
  }

  serialize(): Buffer {
    return this.#state.serialize();
  }
}

export function accumulatorFold(accumulator: Accumulator): FoldKind {
  return {
    create: () => new AccumulatorFold(accumulator.create()),
    restore: (bytes) => new AccumulatorFold(accumulator.deserialize(bytes)),
  };
}

/** Compares values by their keys: whether min (max) would take `candidate` after `best`; of equal ones the later, as PostgreSQL does. */
export class Extremum {
  readonly #codec: Codec;
  readonly #sign: number;
  readonly #writer = new KeyWriter();

  constructor(name: "min" | "max", codec: Codec) {
    this.#codec = codec;
    this.#sign = name === "min" ? 1 : -1;
  }

  keyOf(value: Buffer): Buffer {
    this.#writer.truncate(0);
    this.#codec.writeKey(value, this.#writer);
    return this.#writer.take();
  }

  /** Whether the value of key `candidate`, which comes later, takes the place of the one of key `best`. */
  replaces(candidate: Buffer, best: Buffer): boolean {
    return this.#sign * Buffer.compare(candidate, best) <= 0;
  }
}

class ExtremumFold implements Fold {
  readonly #extremum: Extremum;
  #best: Buffer | null;
  #key: Buffer | null = null;

  constructor(extremum: Extremum, best: Buffer | null) {
    this.#extremum = extremum;
    this.#best = best;
  }

  add(args: CallArguments): void {
    const value = args?.[0] ?? null;
    if (value === null) return;
    const key = this.#extremum.keyOf(value);
    if (this.#best !== null) {
      this.#key ??= this.#extremum.keyOf(this.#best);
      if (!this.#extremum.replaces(key, this.#key)) return;
    }
    this.#best = value;
    this.#key = key;
  }

  result(): Buffer | null {
    return this.#best;
  }

  serialize(): Buffer {
    return packRow([this.#best]);
  }
}

export function extremumFold(extremum: Extremum): FoldKind {
  return {
    create: () => new ExtremumFold(extremum, null),
    restore: (bytes) => new ExtremumFold(extremum, unpackRow(bytes)[0] ?? null),
  };
}

const COUNT_BYTES = 6;

/** The first argument of the row at a fixed place (from 1); NULL while there are fewer rows. */
class NthFold implements Fold {
  readonly #place: number;
  #count: number;
  #value: Buffer | null;

  constructor(place: number, count: number, value: Buffer | null) {
    this.#place = place;
    this.#count = count;
    this.#value = value;
  }

  add(args: CallArguments, copies: number): void {
    if (this.#count >= this.#place) return;
    this.#count = Math.min(this.#place, this.#count + copies);
    if (this.#count === this.#place) this.#value = args?.[0] ?? null;
  }

  result(): Buffer | null {
    return this.#value;
  }

  serialize(): Buffer {
    const count = Buffer.alloc(COUNT_BYTES);
    count.writeUIntBE(this.#count, 0, COUNT_BYTES);
    return packRow([count, this.#value]);
  }
}

export function nthFold(place: number): FoldKind {
  return {
    create: () => new NthFold(place, 0, null),
    restore: (bytes) => {
      const [count, value] = unpackRow(bytes);
      return new NthFold(place, count?.readUIntBE(0, COUNT_BYTES) ?? 0, value ?? null);
    },
  };
}

/** The first argument of the last row. */
class LastFold implements Fold {
  #value: Buffer | null;

  constructor(value: Buffer | null) {
    this.#value = value;
  }

  add(args: CallArguments): void {
    this.#value = args?.[0] ?? null;
  }

  result(): Buffer | null {
    return this.#value;
  }

  serialize(): Buffer {
    return packRow([this.#value]);
  }
}

export const lastFold: FoldKind = {
  create: () => new LastFold(null),
  restore: (bytes) => new LastFold(unpackRow(bytes)[0] ?? null),
};

/** The first argument of the first row on which it is not NULL. */
class PresentFold implements Fold {
  #value: Buffer | null;

  constructor(value: Buffer | null) {
    this.#value = value;
  }

  add(args: CallArguments): void {
    this.#value ??= args?.[0] ?? null;
  }

  result(): Buffer | null {
    return this.#value;
  }

  serialize(): Buffer {
    return packRow([this.#value]);
  }
}

export const presentFold: FoldKind = {
  create: () => new PresentFold(null),
  restore: (bytes) => new PresentFold(unpackRow(bytes)[0] ?? null),
};
