import { describe, expect, it } from "vitest";
import type { Expression } from "../plan/expression.ts";
import { aggregatePlan, distinctPlan, filterPlan, joinPlan, projectPlan, topKPlan } from "../plan/plan-build.ts";
import { planLines } from "../plan/plan-lines.ts";
import type { Plan } from "../plan/plan.ts";
import { watchFailingConditions } from "./failing-conditions.ts";

const INT4 = { typeOid: 23, typmod: -1, collation: 0 };
const BOOL = { typeOid: 16, typmod: -1, collation: 0 };

const scan = (tableOid: number): Plan => ({ kind: "scan", tableOid, attributes: [1, 2], columns: [INT4, INT4] });
const column = (index: number): Expression => ({ kind: "column", index, type: INT4 });
const number = (value: number): Expression => ({
  kind: "constant",
  value: String.fromCharCode(0, 0, 0, value),
  type: INT4,
});

function call(name: string, args: readonly Expression[], type = BOOL): Expression {
  return { kind: "call", name, functionOid: 1, strict: true, inputCollation: 0, args, type };
}

const quotient = (index: number): Expression => call("int4div", [number(1), column(index)], INT4);
/** `1 / column < 1`: it costs two operators. */
const failing = (index: number): Expression => call("int4lt", [quotient(index), number(1)]);
const sure = (index: number): Expression => call("int4gt", [column(index), number(0)]);
const dear = (index: number): Expression =>
  call("int4gt", [call("int4abs", [call("int4abs", [column(index)], INT4)], INT4), number(1)]);

const joined = joinPlan("inner", scan(1), scan(2), { left: [column(0)], right: [column(0)] }, []);

/** The watching filters with the table that each stands on. */
function watches(plan: Plan, keys?: readonly number[]): readonly string[] {
  const names = { table: (oid: number): string => `t${oid}` };
  const lines = planLines(watchFailingConditions(plan, keys), names).map((line) =>
    line.trim().replaceAll(/"[^"]*"/g, "c"),
  );
  return lines.flatMap((line, index) => (line.includes(" or c)") ? [`${line} on ${lines[index + 1]}`] : []));
}

describe("watchFailingConditions", () => {
  it("watches a condition where its columns come from, as joins lose rows that it may fail on", () => {
    expect(watches(filterPlan(joined, [failing(3)]))).toEqual([
      "Filter (int4lt(int4div(c, #1), c) or c) on Scan t2 (attributes 1, 2)",
    ]);
  });

  it("leaves conditions that cannot fail, and those that stand at their lowest place", () => {
    expect(watches(filterPlan(joined, [sure(3)]))).toEqual([]);
    expect(watches(filterPlan(scan(1), [sure(1), failing(1)]))).toEqual([]);
    expect(watches(filterPlan(filterPlan(scan(1), [sure(1)]), [failing(1)]))).toEqual([]);
  });

  it("lets cheaper conditions of the same place guard it, and no others", () => {
    expect(watches(filterPlan(joined, [sure(2), sure(0), failing(3)]))).toEqual([
      "Filter ((int4gt(#0, c) and int4lt(int4div(c, #1), c)) or c) on Scan t2 (attributes 1, 2)",
    ]);
    expect(watches(filterPlan(filterPlan(scan(1), [dear(1)]), [failing(1)]))).toEqual([
      "Filter (int4lt(int4div(c, #1), c) or c) on Scan t1 (attributes 1, 2)",
    ]);
  });

  it("evaluates cheap conditions first", () => {
    const plan = watchFailingConditions(filterPlan(scan(1), [failing(1), sure(1)]));
    expect(plan.kind === "filter" && plan.predicate).toEqual({ kind: "and", args: [sure(1), failing(1)], type: BOOL });
  });

  it("sees a failure in what a column stands for", () => {
    const quotients = projectPlan(joined, [quotient(1)]);
    expect(watches(filterPlan(quotients, [sure(0)]))).toEqual([
      "Filter (int4gt(int4div(c, #1), c) or c) on Scan t1 (attributes 1, 2)",
    ]);
    expect(watches(quotients, [0])).toEqual(["Filter (int4div(c, #1) is not null or c) on Scan t1 (attributes 1, 2)"]);
    const other = joinPlan("inner", scan(3), quotients, { left: [column(0)], right: [column(0)] }, []);
    expect(watches(other)).toEqual(["Filter (int4div(c, #1) is not null or c) on Scan t1 (attributes 1, 2)"]);
  });

  it("goes below groups and distinct rows, but not below a row limit", () => {
    const groups = aggregatePlan(distinctPlan(joined), [column(1)], [], false);
    expect(watches(filterPlan(filterPlan(groups, [sure(0)]), [failing(0)]))).toEqual([
      "Filter ((int4gt(#1, c) and int4lt(int4div(c, #1), c)) or c) on Scan t1 (attributes 1, 2)",
    ]);
    expect(watches(filterPlan(topKPlan(joined, [], 3, 0), [failing(1)]))).toEqual([]);
  });

  it("leaves what an outer join's ON asks of the left rows at the join", () => {
    const outer = joinPlan("left", scan(1), scan(2), { left: [column(0)], right: [column(0)] }, [failing(1)]);
    expect(watches(outer)).toEqual([]);
  });

  it("watches nothing twice", () => {
    const once = watchFailingConditions(filterPlan(joined, [failing(3)]));
    expect(watchFailingConditions(once)).toEqual(once);
  });
});
