import { randomBytes } from "node:crypto";

/** Uniform in [0, 1), not reproducible: for jitter and the like. */
export function random(): number {
  return Math.random();
}

/** An id that nobody can guess, as lower-case hexadecimal digits. */
export function randomId(bytes = 8): string {
  return randomBytes(bytes).toString("hex");
}

/** A reproducible source of pseudo-random numbers (sfc32): the same seed gives the same sequence everywhere. */
export class SeededRandom {
  readonly seed: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.seed = seed >>> 0;
    this.#a = 0;
    this.#b = this.seed;
    this.#c = 0x9e3779b9;
    for (let round = 0; round < 12; round += 1) this.uint32();
  }

  /** Uniform in [0, 2^32). */
  uint32(): number {
    const result = (this.#a + this.#b + this.#counter) >>> 0;
    this.#counter = (this.#counter + 1) >>> 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) >>> 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) >>> 0;
    return result;
  }

  /** Uniform in [0, 1). */
  float(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** Uniform among the integers in [low, high). */
  integer(low: number, high: number): number {
    return low + Math.floor(this.float() * (high - low));
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.float() < probability;
  }

  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly [T, ...T[]] | readonly T[]): T {
    const item = items[this.integer(0, items.length)];
    if (item === undefined && items.length === 0) throw new RangeError("cannot pick from nothing");
    return item as T;
  }

  /** A new array with the same items in random order. */
  shuffle<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let end = result.length; end > 1; end -= 1) {
      const other = this.integer(0, end);
      const last = result[end - 1] as T;
      result[end - 1] = result[other] as T;
      result[other] = last;
    }
    return result;
  }
}
