import { SeededRandom } from "@freshet/base";
import { randomSchema } from "../random-schema.ts";
import { randomQuery } from "./query.ts";

let known: readonly string[] | undefined;

/** The names of all features of the grammar, found by writing many queries. */
export function knownFeatures(): readonly string[] {
  if (known !== undefined) return known;
  const names = new Set<string>();
  const random = new SeededRandom(1);
  for (let round = 0; round < 60; round += 1) {
    const schema = randomSchema(random);
    for (let query = 0; query < 20; query += 1) {
      const favoured = new Set(random.shuffle([...names]).slice(0, 2));
      for (const name of randomQuery(random, schema, { forTable: query % 4 === 0 }, favoured).features ?? [])
        names.add(name);
    }
  }
  known = [...names].toSorted();
  return known;
}

/** Every pair of features that a query has, as one text each. */
export function featurePairs(features: readonly string[]): string[] {
  const sorted = [...features].toSorted();
  return sorted.flatMap((left, index) => sorted.slice(index + 1).map((right) => `${left} × ${right}`));
}
