import { SeededRandom } from "@freshet/base";
import { expect, test } from "vitest";
import type { OracleQuery } from "./oracle-case.ts";
import { PairCover } from "./pair-cover.ts";
import { OracleStatistics } from "./statistics.ts";

const query = (features: readonly string[]): OracleQuery => ({
  core: features.join(" "),
  order: [],
  tail: "",
  columns: 1,
  parameters: [],
  loose: false,
  features,
});

/** Writes what is favoured, but `x` never together with `y`. */
const write = (favoured: ReadonlySet<string>): OracleQuery =>
  query(favoured.has("x") && favoured.has("y") ? ["x"] : [...favoured]);

function settled(cover: PairCover, chosen: OracleQuery, isCached: boolean): void {
  const statistics = new OracleStatistics();
  if (isCached) statistics.accept(chosen.features ?? []);
  else statistics.refuse("no", chosen.features ?? []);
  cover.settle(statistics);
}

test("queries are chosen until every pair has met, could not be written or was refused", () => {
  const cover = new PairCover(["x", "y", "z", "w"]);
  const random = new SeededRandom(1);
  for (let round = 0; cover.remaining > 0; round += 1) {
    expect(round).toBeLessThan(1000);
    const chosen = cover.choose(random, write);
    settled(cover, chosen, chosen.features?.includes("w") !== true || chosen.features.includes("z"));
  }
  expect(cover.unwritten).toEqual(["x × y"]);
  expect(cover.refused.toSorted()).toEqual(["w × x", "w × y"]);
});

test("a case is wanted while it has a pair that has not met", () => {
  const cover = new PairCover(["x", "y", "z"]);
  expect(cover.wants([query(["x"]), query(["x", "y"])])).toBe(true);
  settled(cover, query(["x", "y"]), true);
  expect(cover.remaining).toBe(2);
  expect(cover.wants([query(["x", "y"])])).toBe(false);
});
