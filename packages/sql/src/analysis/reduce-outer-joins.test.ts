import { describe, expect, it } from "vitest";
import type { Expression } from "../plan/expression.ts";
import type { FromTree } from "./from-tree.ts";
import { reduceOuterJoins } from "./reduce-outer-joins.ts";

const BOOL = { typeOid: 16, typmod: -1, collation: 0 };

/** Entry n has one column, n. */
const entry = (varno: number): FromTree => ({ kind: "entry", varno });
const column = (index: number): Expression => ({ kind: "column", index, type: BOOL });
/** A condition that is NULL where one of the entries' columns is. */
const strict = (...entries: readonly number[]): Expression => ({
  kind: "call",
  functionOid: 65,
  name: "int4eq",
  args: entries.map(column),
  strict: true,
  inputCollation: 0,
  type: BOOL,
});
const isNull = (varno: number): Expression => ({ kind: "is-null", arg: column(varno), type: BOOL });

const left = (a: FromTree, b: FromTree, ...conjuncts: Expression[]): FromTree => ({
  kind: "left",
  left: a,
  right: b,
  conjuncts,
});
const full = (a: FromTree, b: FromTree): FromTree => ({ kind: "full", left: a, right: b, conjuncts: [] });
const inner = (inputs: FromTree[], ...conjuncts: Expression[]): FromTree => ({ kind: "inner", inputs, conjuncts });

/** The kinds of joins, written as they nest. */
function shown(tree: FromTree): string {
  switch (tree.kind) {
    case "entry":
      return String(tree.varno);
    case "inner":
      return `(${tree.inputs.map(shown).join(" , ")})`;
    case "left":
      return `(${shown(tree.left)} < ${shown(tree.right)})`;
    case "full":
      return `(${shown(tree.left)} <> ${shown(tree.right)})`;
  }
}

function reduced(tree: FromTree, ...above: Expression[]): string {
  return shown(reduceOuterJoins(tree, above, (symbol, entries) => entries.has(symbol)));
}

describe("an outer join", () => {
  it("is less of one where a condition above it drops padded rows", () => {
    expect(reduced(left(entry(1), entry(2)), strict(1))).toBe("(1 < 2)");
    expect(reduced(left(entry(1), entry(2)), isNull(2))).toBe("(1 < 2)");
    expect(reduced(left(entry(1), entry(2)), strict(2))).toBe("(1 , 2)");
    expect(reduced(full(entry(1), entry(2)), strict(1))).toBe("(1 < 2)");
    expect(reduced(full(entry(1), entry(2)), strict(2))).toBe("(2 < 1)");
    expect(reduced(full(entry(1), entry(2)), strict(1, 2))).toBe("(1 , 2)");
    expect(reduced(full(entry(1), entry(2)))).toBe("(1 <> 2)");
  });

  it("heeds the conditions of the inner joins that it stands in, however deep", () => {
    expect(reduced(inner([left(entry(1), entry(2)), entry(3)], strict(2, 3)))).toBe("((1 , 2) , 3)");
    expect(reduced(inner([inner([left(entry(1), entry(2)), entry(4)]), entry(3)], strict(2, 3)))).toBe(
      "(((1 , 2) , 4) , 3)",
    );
  });

  it("heeds the condition of the left join whose right side it is, but not of the one whose left side it is", () => {
    expect(reduced(left(entry(3), left(entry(1), entry(2)), strict(2, 3)))).toBe("(3 < (1 , 2))");
    expect(reduced(left(left(entry(1), entry(2)), entry(3), strict(2, 3)))).toBe("((1 < 2) < 3)");
    expect(reduced(left(left(entry(1), entry(2)), entry(3), strict(2, 3)), strict(3))).toBe("((1 , 2) , 3)");
    expect(reduced(full(left(entry(1), entry(2)), entry(3)), isNull(3))).toBe("((1 < 2) <> 3)");
  });
});
