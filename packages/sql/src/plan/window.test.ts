import { describe, expect, it } from "vitest";
import type { Expression } from "./expression.ts";
import { planLines } from "./plan-lines.ts";
import { mapPlan, mapPlanExpressions, planExpressions } from "./plan-walk.ts";
import type { Plan } from "./plan.ts";
import { windowPlan } from "./plan-build.ts";
import { mapWindowCall, type WindowCall, windowCallArguments } from "./window.ts";

const INT4 = { typeOid: 23, typmod: -1, collation: 0 };
const INT8 = { typeOid: 20, typmod: -1, collation: 0 };
const column = (index: number): Expression => ({ kind: "column", index, type: INT4 });
const two: Expression = { kind: "constant", value: "\0\0\0\0\0\0\0\x02", type: INT8 };
const scan: Plan = { kind: "scan", tableOid: 1, attributes: [1, 2], columns: [INT4, INT4] };

const calls: readonly WindowCall[] = [
  { kind: "function", name: "lag", args: [column(1)], type: INT4 },
  {
    kind: "aggregate",
    call: { name: "count", arg: null, distinct: false, inputCollation: 0, type: INT8 },
    frame: {
      mode: "rows",
      start: { kind: "preceding", offset: two },
      end: { kind: "unbounded" },
      exclude: "ties",
      inRange: null,
    },
    type: INT8,
  },
];
const plan = windowPlan(scan, [column(0)], [{ expression: column(1), descending: true, nullsFirst: false }], calls);

describe("window plans", () => {
  it("put out the input's columns and one for each call", () => {
    expect(plan.columns).toEqual([INT4, INT4, INT4, INT8]);
  });

  it("name partition, order, arguments and frame offsets as their expressions", () => {
    expect(planExpressions(plan)).toEqual([column(0), column(1), column(1), two]);
    expect(calls.flatMap(windowCallArguments)).toEqual([column(1)]);
  });

  it("are rewritten with their input, and their arguments without the frame", () => {
    const moved = mapPlan(plan, (node) => (node.kind === "scan" ? { ...node, tableOid: 2 } : node));
    expect(moved).toEqual({ ...plan, input: { ...scan, tableOid: 2 } });
    const shifted = mapPlanExpressions(plan, (node) =>
      node.kind === "column" ? { ...node, index: node.index + 1 } : node,
    );
    expect(planExpressions(shifted)).toEqual([column(1), column(2), column(2), two]);
    expect(mapWindowCall(calls[1] as WindowCall, () => column(9))).toEqual(calls[1]);
  });

  it("are shown with their frames", () => {
    expect(planLines(plan)[0]).toBe(
      'Window lag(#1), count(*) rows between "\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0002" preceding and unbounded following exclude ties partition by #0 order by #1 desc',
    );
  });
});
