import type { Expression } from "../plan/expression.ts";
import { walkExpression } from "../plan/expression-walk.ts";
import { planExpressions, walkPlan } from "../plan/plan-walk.ts";
import type { Plan } from "../plan/plan.ts";

/** Functions behind comparisons of plain types, which give an answer for all values. */
const COMPARISON =
  /^(int[248]+|int24|int42|int28|int82|int48|int84|float[48]+|numeric_?|text_?|bpchar|bool|char|name|date_?|timestamp_?|timestamptz_?|uuid_?|oid|enum_?|bytea)(eq|ne|lt|le|gt|ge)$/;

/** Casts to wider numbers. */
const WIDENINGS: ReadonlySet<string> = new Set([
  "int24",
  "int28",
  "int48",
  "i2tod",
  "i4tod",
  "ftod",
  "int2_numeric",
  "int4_numeric",
  "int8_numeric",
]);

const SURE_KINDS: ReadonlySet<Plan["kind"]> = new Set([
  "scan",
  "filter",
  "project",
  "join",
  "union-all",
  "distinct",
  "unit",
  "recursive-input",
]);

/** Whether no row can make the plan fail: nothing in it calculates. */
export function neverFails(plan: Plan): boolean {
  let sure = true;
  walkPlan(plan, (node) => {
    sure &&= SURE_KINDS.has(node.kind) && planExpressions(node).every(isSure);
  });
  return sure;
}

function isSure(expression: Expression): boolean {
  let sure = true;
  walkExpression(expression, (node) => {
    if (node.kind === "call" || node.kind === "any" || node.kind === "all")
      sure &&= COMPARISON.test(node.name) || WIDENINGS.has(node.name);
    else sure &&= SURE_EXPRESSIONS.has(node.kind);
  });
  return sure;
}

const SURE_EXPRESSIONS: ReadonlySet<Expression["kind"]> = new Set([
  "column",
  "constant",
  "parameter",
  "and",
  "or",
  "not",
  "is-null",
  "is-not-null",
  "is-true",
  "is-not-true",
  "is-false",
  "is-not-false",
  "is-unknown",
  "is-not-unknown",
]);
