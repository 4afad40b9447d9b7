import type { ColumnType } from "@freshet/values";
import { describe, expect, test } from "vitest";
import type { Expression } from "../plan/expression.ts";
import { planLines } from "../plan/plan-lines.ts";
import type { JoinPlan, Plan } from "../plan/plan.ts";
import { UpstreamCallLifter } from "./lift-upstream-calls.ts";

const INT4: ColumnType = { typeOid: 23, typmod: -1, collation: 0 };
const BOOL: ColumnType = { typeOid: 16, typmod: -1, collation: 0 };
const SCAN: Plan = { kind: "scan", tableOid: 1, attributes: [1, 2], columns: [INT4, INT4] };

const column = (index: number): Expression => ({ kind: "column", index, type: INT4 });
const call = (name: string, args: readonly Expression[], type = INT4): Expression => {
  const parts = [`${name}(`, ...args.slice(1).map(() => ", "), ")"];
  return { kind: "upstream", parts, args, functions: [], type };
};
const isNull = (arg: Expression): Expression => ({ kind: "is-null", arg, type: BOOL });

function lifted(plan: Plan): string[] {
  const lifter = new UpstreamCallLifter({ role: "r", searchPath: [] }, () => undefined);
  const made = lifter.lift(plan);
  expect(made.columns).toEqual(plan.columns);
  return planLines(made);
}

function join(residual: Expression, more: Partial<JoinPlan> = {}): JoinPlan {
  return {
    kind: "join",
    join: "inner",
    left: SCAN,
    right: SCAN,
    leftKeys: [column(0)],
    rightKeys: [column(1)],
    residual,
    columns: [INT4, INT4, INT4, INT4],
    ...more,
  };
}

describe("calls that only PostgreSQL makes", () => {
  test("are made for the rows that a filter's conditions before them leave", () => {
    const predicate: Expression = { kind: "and", args: [isNull(column(0)), call("f", [column(1)], BOOL)], type: BOOL };
    expect(lifted({ kind: "filter", input: SCAN, predicate, columns: SCAN.columns })).toEqual([
      "Project #0, #1",
      "  Filter called(#2)",
      "    Upstream Calls f(#1) as r",
      "      Filter #0 is null",
      "        Scan table 1 (attributes 1, 2)",
    ]);
  });

  test("are made once where they are equal, and one below the other where one takes the other's result", () => {
    const inner = call("g", [column(0)]);
    const guarded: Expression = { kind: "coalesce", args: [inner, column(1)], type: INT4 };
    const expressions = [call("f", [guarded]), inner, inner];
    expect(lifted({ kind: "project", input: SCAN, expressions, columns: [INT4, INT4, INT4] })).toEqual([
      "Project called(#4), called(#2), called(#2)",
      "  Upstream Calls f(coalesce(called(#2), #1)) as r",
      "    Upstream Calls g(#0) as r",
      "      Scan table 1 (attributes 1, 2)",
    ]);
  });

  test("are made below a join where they take columns of one side", () => {
    const residual: Expression = {
      kind: "or",
      args: [call("f", [column(1)], BOOL), isNull(call("g", [column(3)])), isNull(column(2))],
      type: BOOL,
    };
    expect(lifted(join(residual, { join: "left", leftKeys: [call("h", [column(0)])] }))).toEqual([
      "Project #0, #1, #6, #7",
      "  Left Join on called(#2) = right #1 where (called(#4) or called(#8) is null or #6 is null)",
      "    Upstream Calls h(#0), f(#1) as r",
      "      Scan table 1 (attributes 1, 2)",
      "    Upstream Calls g(#1) as r",
      "      Scan table 1 (attributes 1, 2)",
    ]);
  });

  test("of both sides are made above an inner join with keys, and refused elsewhere", () => {
    const both = call("f", [column(1), column(2)], BOOL);
    expect(lifted(join(both))).toEqual([
      "Project #0, #1, #2, #3",
      "  Filter called(#4)",
      "    Upstream Calls f(#1, #2) as r",
      "      Join on #0 = right #1",
      "        Scan table 1 (attributes 1, 2)",
      "        Scan table 1 (attributes 1, 2)",
    ]);
    expect(() => lifted(join(both, { join: "left" }))).toThrow("columns of both sides");
    expect(() => lifted(join(both, { leftKeys: [], rightKeys: [] }))).toThrow("columns of both sides");
  });

  test("leave nothing behind in the rows of nodes that hand theirs on", () => {
    const partition = [call("f", [column(1)])];
    expect(lifted({ kind: "single-row", input: SCAN, partition, columns: [INT4, INT4, BOOL] })[0]).toBe(
      "Project #0, #1, #4",
    );
    const sort = [{ expression: call("f", [column(1)]), descending: false, nullsFirst: false }];
    const top: Plan = { kind: "top-k", input: SCAN, partition: [], sort, limit: 1, offset: 0, columns: SCAN.columns };
    expect(lifted(top)[0]).toBe("Project #0, #1");
  });
});
