import type { Dim, Fact, FactChange, RivalQuery } from "./workload.ts";

/** One of the engines that are compared, in a process of its own. */
export interface RivalEngine {
  /** Makes the query's result over these tables, and keeps it. */
  build(query: RivalQuery, facts: readonly Fact[], dims: readonly Dim[]): Promise<void>;
  /** One commit; the result has followed when it resolves. */
  apply(changes: readonly FactChange[]): Promise<void>;
  /** The result's rows, in any order, each as its numbers with "|" between. */
  result(): Promise<readonly string[]>;
  /** Forgets the query. */
  drop(): Promise<void>;
  /** Forgets the tables, too: the next query brings others. */
  forgetTables(): Promise<void>;
  close(): Promise<void>;
}

/** Thrown by `build`: the engine has nothing like the query. */
export class Unsupported extends Error {}

/** A result as a multiset of lines, for engines that hand out differences. */
export class LineMultiset {
  readonly #weights = new Map<string, number>();

  add(line: string, weight: number): void {
    const sum = (this.#weights.get(line) ?? 0) + weight;
    if (sum === 0) this.#weights.delete(line);
    else this.#weights.set(line, sum);
  }

  lines(): readonly string[] {
    return [...this.#weights].flatMap(([line, weight]) => {
      if (weight < 0) throw new Error(`the result holds ${line} ${weight} times`);
      return Array.from({ length: weight }, () => line);
    });
  }
}
