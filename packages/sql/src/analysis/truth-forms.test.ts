import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Expression } from "../plan/expression.ts";
import { whereTrue } from "./truth-forms.ts";

const BOOL = { typeOid: 16, typmod: -1, collation: 0 };
const constant = (value: string | null): Expression => ({ kind: "constant", value, type: BOOL });
const column = (index: number): Expression => ({ kind: "column", index, type: BOOL });
const not = (arg: Expression): Expression => ({ kind: "not", args: [arg], type: BOOL });
const nested = (kind: "and" | "or", args: Expression[]): Expression => ({ kind, args, type: BOOL });
const test = (kind: "is-null" | "is-not-null", arg: Expression): Expression => ({ kind, arg, type: BOOL });

type Truth = boolean | null;

/** What an expression of these kinds is, with columns of the given values. */
function truth(expression: Expression, values: readonly Truth[]): Truth {
  switch (expression.kind) {
    case "constant":
      return expression.value === null ? null : expression.value === "\x01";
    case "column":
      return values[expression.index] ?? null;
    case "not": {
      const [value = null] = expression.args.map((arg) => truth(arg, values));
      return value === null ? null : !value;
    }
    case "and":
    case "or": {
      const deciding = expression.kind === "or";
      const all = expression.args.map((arg) => truth(arg, values));
      if (all.includes(deciding)) return deciding;
      return all.includes(null) ? null : !deciding;
    }
    case "is-null":
      return truth(expression.arg, values) === null;
    case "is-not-null":
      return truth(expression.arg, values) !== null;
    default:
      throw new RangeError(expression.kind);
  }
}

const { condition } = fc.letrec<{ condition: Expression }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(column(0), column(1), column(2), constant(null), constant("\x01"), constant("\0")),
    tie("condition").map(not),
    fc
      .tuple(fc.constantFrom("and" as const, "or" as const), fc.array(tie("condition"), { minLength: 1, maxLength: 3 }))
      .map(([kind, args]) => nested(kind, args)),
    fc
      .tuple(fc.constantFrom("is-null" as const, "is-not-null" as const), tie("condition"))
      .map(([kind, arg]) => test(kind, arg)),
  ),
}));

const truths = fc.constantFrom<Truth>(true, false, null);

describe("whereTrue", () => {
  it("is true exactly where the condition is", () => {
    fc.assert(
      fc.property(condition, fc.array(truths, { minLength: 3, maxLength: 3 }), (expression, values) => {
        expect(truth(whereTrue(expression), values) === true).toBe(truth(expression, values) === true);
      }),
      { numRuns: 500 },
    );
  });

  it("leaves out what only tells false from NULL", () => {
    const found = test("is-not-null", column(0));
    const unknown = test("is-not-null", column(1));
    const isIn = nested("or", [found, nested("and", [constant(null), unknown])]);
    expect(whereTrue(isIn)).toEqual(found);
    expect(whereTrue(not(isIn))).toEqual(nested("and", [test("is-null", column(0)), test("is-null", column(1))]));
  });
});
