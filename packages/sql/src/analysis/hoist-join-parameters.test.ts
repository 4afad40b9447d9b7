import { expect, it } from "vitest";
import type { Expression } from "../plan/expression.ts";
import type { FromTree } from "./from-tree.ts";
import { hoistJoinParameters } from "./hoist-join-parameters.ts";

const INT = { typeOid: 23, typmod: -1, collation: 0 };
const BOOL = { typeOid: 16, typmod: -1, collation: 0 };

const entry = (varno: number): FromTree => ({ kind: "entry", varno });
const equal = (left: Expression, right: Expression): Expression => ({
  ...{ kind: "call", functionOid: 65, name: "int4eq", strict: true, inputCollation: 0, type: BOOL },
  args: [left, right],
});
const column = (index: number): Expression => ({ kind: "column", index, type: INT });
/** A condition on parameter `number`. */
const asks = (number: number): Expression => equal(column(number), { kind: "parameter", number, type: INT });
const joins: Expression = equal(column(1), column(2));
const inner = (inputs: readonly FromTree[], ...conjuncts: Expression[]): FromTree => ({
  ...{ kind: "inner", inputs, conjuncts },
});
const outer = (kind: "left" | "full", left: FromTree, right: FromTree, ...conjuncts: Expression[]): FromTree => ({
  ...{ kind, left, right, conjuncts },
});

it("takes conditions on parameters out of inner joins, in their order and before those of WHERE", () => {
  const tree = inner([inner([entry(1), entry(2)], asks(1), joins), entry(3)], asks(2));
  expect(hoistJoinParameters({ tree, conjuncts: [asks(3), joins] })).toEqual({
    tree: inner([inner([entry(1), entry(2)], joins), entry(3)]),
    conjuncts: [asks(1), asks(2), asks(3), joins],
  });
});

it("goes down the side of an outer join that is never padded, and leaves the join's own condition", () => {
  const side = (...conjuncts: Expression[]): FromTree => inner([entry(1), entry(2)], ...conjuncts);
  const tree = outer("left", side(asks(1)), side(asks(2)), asks(3));
  expect(hoistJoinParameters({ tree, conjuncts: [] })).toEqual({
    tree: outer("left", side(), side(asks(2)), asks(3)),
    conjuncts: [asks(1)],
  });
  const full = outer("full", side(asks(1)), side(asks(2)), joins);
  expect(hoistJoinParameters({ tree: full, conjuncts: [asks(3)] })).toEqual({ tree: full, conjuncts: [asks(3)] });
});

it("leaves a query without FROM as it is", () => {
  expect(hoistJoinParameters({ tree: null, conjuncts: [asks(1)] })).toEqual({ tree: null, conjuncts: [asks(1)] });
});
