import { expect, test } from "vitest";
import { intPlan } from "../testing/int-view.ts";
import { deltaSql } from "./delta-sql.ts";
import { assertWritable, createStatements, matchColumns, parseTarget, qualifiedName, targetText } from "./target.ts";

const named = (
  columns: readonly (readonly [string, number])[],
  resultKey: readonly number[] | null = null,
): ReturnType<typeof intPlan> => {
  const plan = intPlan(columns.length, columns.length, { resultKey });
  return {
    ...plan,
    result: plan.result.map((column, index) => ({
      ...column,
      name: columns[index]?.[0] ?? "",
      typeOid: columns[index]?.[1] ?? 0,
    })),
  };
};

test("a target is written like a table in SQL", () => {
  const texts = ["t", "S.T", '"Odd ""name"""."a.b"', " public.t "];
  expect(texts.map((text) => targetText(parseTarget(text)))).toEqual(["public.t", "s.t", 'Odd "name".a.b', "public.t"]);
  expect(qualifiedName(parseTarget('"Odd ""name"""."a.b"'))).toBe('"Odd ""name"""."a.b"');
  for (const text of ["", "a.b.c", "a b", '"a', "a;drop table x", '""'])
    expect(() => parseTarget(text)).toThrow(/not a table name/);
});

test("what cannot be a table's content is refused", () => {
  expect(() =>
    assertWritable(
      named([
        ["a", 23],
        ["b", 23],
      ]),
    ),
  ).not.toThrow();
  expect(() =>
    assertWritable(
      named([
        ["a", 23],
        ["a", 23],
      ]),
    ),
  ).toThrow(/two columns named "a"/);
  expect(() => assertWritable(named([["freshet_weight", 23]]))).toThrow(/cannot be named/);
  expect(() => assertWritable(named([]))).toThrow(/without columns/);
  const list = [{ type: { typeOid: 23, typmod: -1, collation: 0 }, list: false }];
  expect(() => assertWritable({ ...named([["a", 23]]), parameters: list })).toThrow(/with parameters/);
});

test("rows are found by the result's key, else by what an index can hold", () => {
  const target = { schema: "s", table: "T" };
  const statements = (plan: ReturnType<typeof intPlan>): string[] =>
    createStatements(
      target,
      plan.result,
      plan.result.map(() => "x"),
      matchColumns(plan),
    ).slice(1);
  expect(
    statements(
      named(
        [
          ["k", 23],
          ["v", 25],
        ],
        [0],
      ),
    ),
  ).toEqual(['CREATE UNIQUE INDEX ON "s"."T" USING btree ("k")']);
  expect(
    statements(
      named([
        ["v", 25],
        ["a", 23],
        ["j", 3802],
        ["w", 25],
      ]),
    ),
  ).toEqual(['CREATE INDEX ON "s"."T" USING btree ("a")', 'CREATE INDEX ON "s"."T" USING hash ("v")']);
  const unindexed = named([["j", 3802]]);
  expect(statements(unindexed)).toEqual([]);
  expect(deltaSql(1, target, unindexed, matchColumns(unindexed)).deletes).toHaveLength(1);
  const keyed = named([["k", 23]], [0]);
  expect(
    deltaSql(1, target, keyed, matchColumns(keyed)).deletes.map(
      (text) => /WHERE d\.freshet_weight < 0 AND (.*)\) AS/.exec(text)?.[1],
    ),
  ).toEqual(['d."k" IS NOT NULL', 'NOT (d."k" IS NOT NULL)']);
});
