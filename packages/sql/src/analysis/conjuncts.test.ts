import { expect, test } from "vitest";
import type { Expression } from "../plan/expression.ts";
import { splitConjuncts } from "./conjuncts.ts";

const type = { typeOid: 16, typmod: -1, collation: 0 };
const flag = (index: number): Expression => ({ kind: "column", index, type });
const and = (...args: Expression[]): Expression => ({ kind: "and", args, type });
const or = (...args: Expression[]): Expression => ({ kind: "or", args, type });
const [a, b, c, d] = [flag(0), flag(1), flag(2), flag(3)];

test("a conjunction is split, also where it is nested", () => {
  expect(splitConjuncts(and(a, and(b, c)))).toEqual([a, b, c]);
  expect(splitConjuncts(null)).toEqual([]);
});

test("what all arms of an OR have in common stands beside it", () => {
  expect(splitConjuncts(or(and(a, b), and(c, a)))).toEqual([a, or(b, c)]);
  expect(splitConjuncts(or(and(a, b, c), or(and(a, d, b), and(b, a, flag(9)))))).toEqual([a, b, or(c, d, flag(9))]);
});

test("an OR without a common part stays", () => {
  expect(splitConjuncts(or(and(a, b), c))).toEqual([or(and(a, b), c)]);
});

test("an arm that is the common part makes the others superfluous", () => {
  expect(splitConjuncts(or(a, and(a, b)))).toEqual([a]);
});
