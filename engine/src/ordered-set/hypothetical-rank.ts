import type { HypotheticalAggregate } from "@freshet/sql";
import type { Accumulator, AggregateState } from "../aggregate-state/accumulator.ts";
import { StateReader, StateWriter } from "../aggregate-state/state-bytes.ts";

/** Where a row sorts relative to the hypothetical one, as one byte. */
export const BEFORE: Buffer = Buffer.from([0]);
export const PEER: Buffer = Buffer.from([1]);
export const AFTER: Buffer = Buffer.from([2]);

function int8Bytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

function doubleBytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleBE(value);
  return bytes;
}

interface Ranks {
  readonly before: number;
  readonly peers: number;
  readonly count: number;
}

const RULES: Readonly<Record<HypotheticalAggregate, (ranks: Ranks) => Buffer>> = {
  rank: ({ before }) => int8Bytes(before + 1),
  dense_rank: ({ before }) => int8Bytes(before + 1),
  percent_rank: ({ before, count }) => doubleBytes(count === 0 ? 0 : before / count),
  cume_dist: ({ before, peers, count }) => doubleBytes((before + peers + 1) / (count + 1)),
};

/** How many rows sort before the hypothetical row, are its peers, and are there. Of dense_rank: distinct ones. */
class RankState implements AggregateState {
  readonly #rule: (ranks: Ranks) => Buffer;
  #before = 0;
  #peers = 0;
  #count = 0;

  constructor(rule: (ranks: Ranks) => Buffer) {
    this.#rule = rule;
  }

  add(place: Buffer | null, weight: number): void {
    if (place === null) return;
    this.#count += weight;
    if (place[0] === BEFORE[0]) this.#before += weight;
    else if (place[0] === PEER[0]) this.#peers += weight;
  }

  result(): Buffer {
    return this.#rule({ before: this.#before, peers: this.#peers, count: this.#count });
  }

  serialize(): Buffer {
    const out = new StateWriter();
    for (const count of [this.#before, this.#peers, this.#count]) out.integer(count);
    return out.take();
  }

  read(bytes: Buffer): void {
    const source = new StateReader(bytes);
    this.#before = source.number();
    this.#peers = source.number();
    this.#count = source.number();
  }
}

/** rank, dense_rank, percent_rank and cume_dist of a hypothetical row; added are the places of rows relative to it. */
export function hypotheticalAccumulator(name: HypotheticalAggregate): Accumulator {
  return {
    create: () => new RankState(RULES[name]),
    deserialize: (bytes) => {
      const state = new RankState(RULES[name]);
      state.read(bytes);
      return state;
    },
  };
}
