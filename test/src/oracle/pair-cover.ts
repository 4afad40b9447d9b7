import type { SeededRandom } from "@freshet/base";
import { featurePairs } from "./grammar/features.ts";
import type { OracleQuery } from "./oracle-case.ts";
import { count, type OracleStatistics } from "./statistics.ts";

/** Queries written for one place in a case, of which the one with the most pairs that are still wanted is taken. */
const CANDIDATES = 24;
/** A pair that so many queries written for it do not have is one that the grammar cannot write. */
const ATTEMPTS = 80;
/** A pair of which so many queries were refused, and none cached, is one that cannot be cached. */
const REFUSALS = 12;

/** The pairs of features that are still to meet in a query that is cached. */
export class PairCover {
  /** With the queries written in vain for each. */
  readonly #wanted: Map<string, number>;
  readonly #refusals = new Map<string, number>();
  /** Pairs that the grammar does not seem to write. */
  readonly unwritten: string[] = [];
  /** Pairs that only queries have that cannot be cached. */
  readonly refused: string[] = [];

  constructor(features: readonly string[]) {
    this.#wanted = new Map(featurePairs(features).map((pair) => [pair, 0]));
  }

  get remaining(): number {
    return this.#wanted.size;
  }

  /** `write` makes a query that favours the features given. */
  choose(random: SeededRandom, write: (favoured: ReadonlySet<string>) => OracleQuery): OracleQuery {
    let best: OracleQuery | undefined;
    let most = -1;
    for (let round = 0; round < CANDIDATES; round += 1) {
      const target = this.#wanted.size === 0 ? undefined : random.pick([...this.#wanted.keys()]);
      const query = write(new Set(target?.split(" × ")));
      const pairs = featurePairs(query.features ?? []);
      if (target !== undefined) this.#tried(target, pairs.includes(target));
      const gain = pairs.filter((pair) => this.#wanted.has(pair)).length;
      if (gain <= most) continue;
      [best, most] = [query, gain];
    }
    if (best === undefined) throw new Error("no query was written");
    return best;
  }

  /** Whether any of the queries has a pair that is still wanted. */
  wants(queries: readonly OracleQuery[]): boolean {
    return queries.some(({ features }) => featurePairs(features ?? []).some((pair) => this.#wanted.has(pair)));
  }

  /** Takes out what a case has shown. */
  settle({ pairs, refusedPairs }: OracleStatistics): void {
    for (const pair of pairs.keys()) this.#wanted.delete(pair);
    for (const [pair, times] of refusedPairs) {
      if (!this.#wanted.has(pair)) continue;
      count(this.#refusals, pair, times);
      if ((this.#refusals.get(pair) ?? 0) < REFUSALS) continue;
      this.#wanted.delete(pair);
      this.refused.push(pair);
    }
  }

  summary(): string {
    const lines = (pairs: readonly string[]): string => pairs.map((pair) => `\n  ${pair}`).join("");
    return [
      `pairs that are only in refused queries: ${this.refused.length}${lines(this.refused)}`,
      `pairs that the grammar does not write: ${this.unwritten.length}`,
      `pairs that did not meet: ${this.#wanted.size}${lines([...this.#wanted.keys()])}`,
    ].join("\n");
  }

  #tried(pair: string, written: boolean): void {
    const attempts = (this.#wanted.get(pair) ?? 0) + 1;
    if (written || attempts < ATTEMPTS) {
      this.#wanted.set(pair, written ? 0 : attempts);
      return;
    }
    this.#wanted.delete(pair);
    this.unwritten.push(pair);
  }
}
