import { describe, expect, it } from "vitest";
import type { Expression } from "../plan/expression.ts";
import { rejectsNulls } from "./null-rejection.ts";

const BOOL = { typeOid: 16, typmod: -1, collation: 0 };
const INT4 = { typeOid: 23, typmod: -1, collation: 0 };
const one: Expression = { kind: "constant", value: "\0\0\0\x01", type: INT4 };
const kept: Expression = { kind: "column", index: 0, type: INT4 };
const padded: Expression = { kind: "column", index: 1, type: INT4 };
const isPadded = (symbol: number): boolean => symbol === 1;

function equal(left: Expression, right: Expression, strict = true): Expression {
  return { kind: "call", name: "int4eq", functionOid: 65, strict, inputCollation: 0, args: [left, right], type: BOOL };
}

const or = (...args: Expression[]): Expression => ({ kind: "or", args, type: BOOL });
const and = (...args: Expression[]): Expression => ({ kind: "and", args, type: BOOL });

describe("rejectsNulls", () => {
  it.each<[string, Expression]>([
    ["a strict comparison", equal(padded, one)],
    ["its negation", { kind: "not", args: [equal(padded, one)], type: BOOL }],
    ["IS NOT NULL", { kind: "is-not-null", arg: padded, type: BOOL }],
    ["= ANY", { kind: "any", name: "int4eq", inputCollation: 0, left: padded, array: one, type: BOOL }],
    ["AND with one such arm", and(equal(kept, one), equal(padded, one))],
    ["OR of such arms", or(equal(padded, one), equal(one, padded))],
  ])("holds for %s", (_name, condition) => {
    expect(rejectsNulls(condition, isPadded)).toBe(true);
  });

  it.each<[string, Expression]>([
    ["a comparison of other columns", equal(kept, one)],
    ["a call that is not strict", equal(padded, one, false)],
    ["IS NULL", { kind: "is-null", arg: padded, type: BOOL }],
    ["IS NOT TRUE", { kind: "is-not-true", arg: equal(padded, one), type: BOOL }],
    ["COALESCE", equal({ kind: "coalesce", args: [padded, one], type: INT4 }, one)],
    ["OR with another arm", or(equal(padded, one), equal(kept, one))],
    [
      "IS DISTINCT FROM",
      { kind: "distinct-from", equality: "int4eq", inputCollation: 0, left: padded, right: one, type: BOOL },
    ],
    ["<> ALL", { kind: "all", name: "int4ne", inputCollation: 0, left: padded, array: one, type: BOOL }],
  ])("does not hold for %s", (_name, condition) => {
    expect(rejectsNulls(condition, isPadded)).toBe(false);
  });
});
