import { describe, expect, it } from "vitest";
import type { Expression } from "./expression.ts";
import { columnsOf, mapExpression, parametersOf, walkExpression } from "./expression-walk.ts";
import {
  aggregatePlan,
  distinctPlan,
  filterPlan,
  joinPlan,
  projectPlan,
  topKPlan,
  unionAllPlan,
} from "./plan-build.ts";
import { canonicalJson, planHash } from "./plan-hash.ts";
import { planLines } from "./plan-lines.ts";
import { mapPlan, planExpressions, visitPlan, walkPlan } from "./plan-walk.ts";
import type { Plan } from "./plan.ts";

const INT4 = { typeOid: 23, typmod: -1, collation: 0 };
const BOOL = { typeOid: 16, typmod: -1, collation: 0 };
const column = (index: number): Expression => ({ kind: "column", index, type: INT4 });
const scan = (tableOid: number): Plan => ({ kind: "scan", tableOid, attributes: [1, 2], columns: [INT4, INT4] });
const isNull = (arg: Expression): Expression => ({ kind: "is-null", arg, type: BOOL });

/** One expression of every kind, over columns 0 and up. */
function everyKind(): Expression[] {
  const [a, b, c] = [column(0), column(1), column(2)];
  return [
    { kind: "constant", value: "x", type: INT4 },
    { kind: "parameter", number: 3, type: INT4 },
    { kind: "call", name: "int4pl", functionOid: 177, strict: true, inputCollation: 0, args: [a, b], type: INT4 },
    { kind: "and", args: [isNull(a), { kind: "not", args: [isNull(b)], type: BOOL }], type: BOOL },
    { kind: "is-not-unknown", arg: isNull(c), type: BOOL },
    { kind: "distinct-from", equality: "int4eq", inputCollation: 0, left: a, right: b, type: BOOL },
    { kind: "case", arms: [{ when: isNull(a), then: b }], otherwise: c, type: INT4 },
    { kind: "coalesce", args: [a, b], type: INT4 },
    { kind: "nullif", equality: "int4eq", inputCollation: 0, left: b, right: c, type: INT4 },
    { kind: "greatest", inputCollation: 0, args: [a, c], type: INT4 },
    { kind: "any", name: "int4eq", inputCollation: 0, left: a, array: b, type: BOOL },
    { kind: "one-row", more: a, value: b, type: INT4 },
    { kind: "text-cast", arg: c, type: { typeOid: 25, typmod: -1, collation: 100 } },
  ];
}

describe("expression walks", () => {
  it("find every column and parameter below", () => {
    expect(columnsOf(...everyKind())).toEqual(new Set([0, 1, 2]));
    expect(everyKind().flatMap((expression) => [...parametersOf(expression)])).toEqual([3]);
  });

  it("map every child, and leave the rest as it is", () => {
    for (const expression of everyKind()) {
      const moved = mapExpression(expression, (node) =>
        node.kind === "column" ? { ...node, index: node.index + 10 } : undefined,
      );
      expect([...columnsOf(moved)]).toEqual([...columnsOf(expression)].map((index) => index + 10));
      const back = mapExpression(moved, (node) =>
        node.kind === "column" ? { ...node, index: node.index - 10 } : undefined,
      );
      expect(back).toEqual(expression);
    }
  });

  it("stay out of a sub-tree when told so", () => {
    const seen: string[] = [];
    walkExpression(isNull(isNull(column(0))), (node) => {
      seen.push(node.kind);
      return seen.length < 2;
    });
    expect(seen).toEqual(["is-null", "is-null"]);
  });
});

function everyNode(): Plan {
  const joined = joinPlan("left", scan(1), scan(2), { left: [column(0)], right: [column(1)] }, [isNull(column(3))]);
  const filtered = filterPlan(joined, [isNull(column(0)), isNull(column(1))]);
  const sum = { name: "sum", arg: column(1), distinct: false, type: INT4, inputCollation: 0 } as const;
  const grouped = aggregatePlan(filtered, [column(0)], [sum], false);
  const union = unionAllPlan([projectPlan(grouped, [column(1)]), projectPlan(scan(3), [column(0)])], [INT4]);
  return topKPlan(distinctPlan(union), [{ expression: column(0), descending: true, nullsFirst: false }], 5, 1);
}

describe("plan walks", () => {
  it("visit inputs before their consumers", () => {
    const kinds: string[] = [];
    walkPlan(everyNode(), (plan) => kinds.push(plan.kind));
    expect(kinds).toEqual([
      "scan",
      "scan",
      "join",
      "filter",
      "aggregate",
      "project",
      "scan",
      "project",
      "union-all",
      "distinct",
      "top-k",
    ]);
  });

  it("fold with one function per kind", () => {
    const depth = (_plan: Plan, inputs: readonly number[]): number => 1 + Math.max(0, ...inputs);
    const count = visitPlan(everyNode(), {
      scan: depth,
      unit: depth,
      expand: depth,
      filter: depth,
      project: depth,
      join: depth,
      aggregate: depth,
      distinct: depth,
      "union-all": depth,
      "set-operation": depth,
      "top-k": depth,
      "single-row": depth,
      window: depth,
      recursive: depth,
      "recursive-input": depth,
      "upstream-calls": depth,
    });
    expect(count).toBe(8);
  });

  it("rewrite tables, and keep what does not change identical", () => {
    const plan = everyNode();
    expect(mapPlan(plan, (node) => node)).toBe(plan);
    const moved = mapPlan(plan, (node) => (node.kind === "scan" ? { ...node, tableOid: node.tableOid + 10 } : node));
    const tables: number[] = [];
    walkPlan(moved, (node) => {
      if (node.kind === "scan") tables.push(node.tableOid);
    });
    expect(tables).toEqual([11, 12, 13]);
  });

  it("list the expressions of a node and print an outline", () => {
    let expressions = 0;
    walkPlan(everyNode(), (plan) => (expressions += planExpressions(plan).length));
    expect(expressions).toBe(3 + 1 + 2 + 1 + 1 + 1);
    expect(planLines(everyNode(), { table: (oid) => `t${oid}` })).toEqual([
      "Top 5 offset 1 by #0 desc",
      "  Distinct",
      "    Union All",
      "      Project #1",
      "        Aggregate sum(#1) by #0",
      "          Filter (#0 is null and #1 is null)",
      "            Left Join on #0 = right #1 where #3 is null",
      "              Scan t1 (attributes 1, 2)",
      "              Scan t2 (attributes 1, 2)",
      "      Project #0",
      "        Scan t3 (attributes 1, 2)",
    ]);
  });
});

describe("plan constructors", () => {
  it("leave out projections that change nothing and merge those that repeat no work", () => {
    expect(projectPlan(scan(1), [column(0), column(1)])).toEqual(scan(1));
    const swapped = projectPlan(scan(1), [column(1), column(0)]);
    expect(projectPlan(swapped, [column(1), column(0)])).toEqual(scan(1));
    expect(projectPlan(swapped, [isNull(column(0))])).toEqual(projectPlan(scan(1), [isNull(column(1))]));
  });

  it("flatten nested unions", () => {
    const union = unionAllPlan([unionAllPlan([scan(1), scan(2)], [INT4, INT4]), scan(3)], [INT4, INT4]);
    expect(union.kind === "union-all" && union.inputs).toEqual([scan(1), scan(2), scan(3)]);
  });
});

describe("planHash", () => {
  it("is equal for equal plans whatever the order of their members, and survives JSON", () => {
    const plan = scan(1);
    const reordered: Plan = { columns: [INT4, INT4], attributes: [1, 2], tableOid: 1, kind: "scan" };
    expect(canonicalJson(reordered)).toBe(canonicalJson(plan));
    expect(planHash(reordered)).toBe(planHash(plan));
    expect(planHash(JSON.parse(JSON.stringify(everyNode())) as Plan)).toBe(planHash(everyNode()));
    expect(planHash(scan(2))).not.toBe(planHash(plan));
  });
});
