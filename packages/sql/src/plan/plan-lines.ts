import { unreachable } from "@freshet/base";
import type { AggregateCall } from "./aggregate-call.ts";
import type { Expression } from "./expression.ts";
import type { JoinPlan, Plan } from "./plan.ts";
import type { SortKey } from "./sort-key.ts";
import { planInputs } from "./plan-walk.ts";
import type { RowSource } from "./row-source.ts";
import { callText } from "./upstream-calls.ts";
import { windowText } from "./window-lines.ts";

/** Names for what a plan holds only as OIDs. */
export interface PlanNames {
  table(oid: number): string;
}

const OID_NAMES: PlanNames = { table: (oid) => `table ${oid}` };

/** The plan as an indented outline, one node a line, for EXPLAIN. */
export function planLines(plan: Plan, names: PlanNames = OID_NAMES, depth = 0): string[] {
  const line = `${"  ".repeat(depth)}${nodeText(plan, names)}`;
  return [line, ...planInputs(plan).flatMap((input) => planLines(input, names, depth + 1))];
}

const JOIN_NAMES: Readonly<Record<JoinPlan["join"], string>> = { inner: "Join", left: "Left Join", full: "Full Join" };

function nodeText(plan: Plan, names: PlanNames): string {
  switch (plan.kind) {
    case "scan":
      return `Scan ${names.table(plan.tableOid)} (attributes ${plan.attributes.join(", ")})`;
    case "filter":
      return `Filter ${expressionText(plan.predicate)}`;
    case "project":
      return `Project ${listText(plan.expressions)}`;
    case "unit":
      return "Unit";
    case "expand": {
      const residual = plan.residual === null ? "" : ` where ${expressionText(plan.residual)}`;
      return `${plan.outer ? "Left Expand" : "Expand"} ${plan.sources.map(sourceText).join(", ")}${plan.ordinality ? " with ordinality" : ""}${residual}`;
    }
    case "join": {
      const keys = plan.leftKeys.map(
        (key, index) =>
          `${expressionText(key)} ${plan.nullSafe?.[index] === true ? "is" : "="} right ${expressionText(plan.rightKeys[index] as Expression)}`,
      );
      const residual = plan.residual === null ? "" : ` where ${expressionText(plan.residual)}`;
      return `${JOIN_NAMES[plan.join]} on ${keys.length === 0 ? "nothing" : keys.join(" and ")}${residual}`;
    }
    case "aggregate": {
      const calls = plan.aggregates.map(aggregateText);
      return `Aggregate ${calls.join(", ")}${plan.scalar ? "" : ` by ${listText(plan.groups)}`}`;
    }
    case "distinct":
      return "Distinct";
    case "single-row":
      return `Single Row${plan.partition.length === 0 ? "" : ` of each ${listText(plan.partition)}`}`;
    case "union-all":
      return "Union All";
    case "set-operation":
      return `${plan.operation === "intersect" ? "Intersect" : "Except"}${plan.all ? " All" : ""}`;
    case "top-k": {
      const sort = sortText(plan.sort);
      const per = plan.partition.length === 0 ? "" : ` per ${listText(plan.partition)}`;
      const ties = plan.ties === true ? " with ties" : "";
      return `Top ${plan.limit ?? "all"}${ties} offset ${plan.offset}${per}${sort === "" ? "" : ` by ${sort}`}`;
    }
    case "recursive": {
      const body = planLines(plan.body, names).map((line) => line.trim());
      return `Recursive Union${plan.all ? " All" : ""} of ${body.join(" < ")}`;
    }
    case "recursive-input":
      return plan.input === 0 ? "Result so far" : `Input ${plan.input}`;
    case "window":
      return windowText(plan, expressionText);
    case "upstream-calls":
      return `Upstream Calls ${plan.calls.map((call) => callText(call, expressionText)).join(", ")} as ${plan.role}`;
    default:
      return unreachable(plan, "plan node");
  }
}

function aggregateText(call: AggregateCall): string {
  const args = call.arg === null ? "*" : listText([call.arg, ...(call.rest ?? [])]);
  if (call.direct !== undefined && call.sort !== undefined) {
    return `${call.name}(${listText(call.direct)}) within group (order by ${sortText(call.sort)})${filterText(call)}`;
  }
  const sort = call.sort === undefined || call.sort.length === 0 ? "" : ` order by ${sortText(call.sort)}`;
  return `${call.name}(${call.distinct ? "distinct " : ""}${args}${sort})${filterText(call)}`;
}

function filterText({ filter }: AggregateCall): string {
  return filter === undefined ? "" : ` filter ${expressionText(filter)}`;
}

function sortText(sort: readonly SortKey[]): string {
  return sort.map((key) => `${expressionText(key.expression)}${key.descending ? " desc" : ""}`).join(", ");
}

function sourceText(source: RowSource): string {
  if (source.kind === "function") return `${source.name}(${listText(source.args)})`;
  return source.rows.map((row) => `(${listText(row)})`).join(" ");
}

function listText(expressions: readonly Expression[]): string {
  return expressions.map(expressionText).join(", ");
}

/** An expression in the style of a function call; columns are `#index`. */
export function expressionText(expression: Expression): string {
  switch (expression.kind) {
    case "column":
      return `#${expression.index}`;
    case "constant":
      return expression.value === null ? "null" : JSON.stringify(expression.value);
    case "parameter":
      return `$${expression.number}`;
    case "outer":
      return `outer ${expression.index}`;
    case "one-row":
      return `one-row(${expressionText(expression.more)}, ${expressionText(expression.value)})`;
    case "upstream":
      return callText(expression, expressionText);
    case "called":
      return `called(${expressionText(expression.value)})`;
    case "call":
      return `${expression.name}(${listText(expression.args)})`;
    case "and":
    case "or":
      return `(${expression.args.map(expressionText).join(` ${expression.kind} `)})`;
    case "not":
    case "coalesce":
    case "greatest":
    case "least":
      return `${expression.kind}(${listText(expression.args)})`;
    case "is-null":
    case "is-not-null":
    case "is-true":
    case "is-not-true":
    case "is-false":
    case "is-not-false":
    case "is-unknown":
    case "is-not-unknown":
      return `${expressionText(expression.arg)} ${expression.kind.replaceAll("-", " ")}`;
    case "text-cast":
      return `cast(${expressionText(expression.arg)} as ${expression.type.typeOid})`;
    case "distinct-from":
      return `(${expressionText(expression.left)} is distinct from ${expressionText(expression.right)})`;
    case "nullif":
      return `nullif(${expressionText(expression.left)}, ${expressionText(expression.right)})`;
    case "any":
    case "all":
      return `${expression.name}(${expressionText(expression.left)}, ${expression.kind} ${expressionText(expression.array)})`;
    case "case": {
      const arms = expression.arms.map((arm) => `when ${expressionText(arm.when)} then ${expressionText(arm.then)}`);
      const otherwise = expression.otherwise === null ? "" : ` else ${expressionText(expression.otherwise)}`;
      return `case ${arms.join(" ")}${otherwise} end`;
    }
    default:
      return unreachable(expression, "expression");
  }
}
