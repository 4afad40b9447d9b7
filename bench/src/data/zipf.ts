import { type SeededRandom } from "@freshet/base";

/** Numbers from 0 on whose frequency falls with their rank: the k-th is asked for in proportion to 1 / k^exponent. */
export class Zipf {
  readonly #cumulated: Float64Array;
  readonly #random: SeededRandom;

  constructor(count: number, exponent: number, random: SeededRandom) {
    this.#cumulated = new Float64Array(count);
    let sum = 0;
    for (let rank = 1; rank <= count; rank++) this.#cumulated[rank - 1] = sum += rank ** -exponent;
    this.#random = random;
  }

  next(): number {
    const cumulated = this.#cumulated;
    const wanted = this.#random.float() * (cumulated.at(-1) ?? 0);
    let [low, high] = [0, cumulated.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulated[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The share of all reads that go to the `keys` most frequent ones: what a cache of so many keys can answer at best. */
  share(keys: number): number {
    const cumulated = this.#cumulated;
    return (cumulated[Math.min(keys, cumulated.length) - 1] ?? 0) / (cumulated.at(-1) ?? 1);
  }
}
