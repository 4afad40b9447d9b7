import type { Collector, ListAggregate } from "./collector.ts";

/** The values, each but the first with its row's delimiter in front. text and bytea alike. */
class StringCollector implements Collector {
  readonly #parts: Buffer[] = [];

  add([value, delimiter]: readonly (Buffer | null)[]): void {
    if (value === undefined || value === null) return;
    if (this.#parts.length > 0 && delimiter !== undefined && delimiter !== null) this.#parts.push(delimiter);
    this.#parts.push(value);
  }

  result(): Buffer | null {
    return this.#parts.length === 0 ? null : Buffer.concat(this.#parts);
  }
}

/** string_agg(value, delimiter). */
export const stringAgg: ListAggregate = {
  ignores: ([value]) => value === null,
  collect: () => new StringCollector(),
};
