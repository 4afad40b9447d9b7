import type { Expression } from "../plan/expression.ts";
import { BOOL_TYPE } from "./type-support.ts";

const FALSE: Expression = { kind: "constant", value: "\0", type: BOOL_TYPE };

function isFalse(expression: Expression): boolean {
  return expression.kind === "constant" && expression.value === "\0";
}

function isUnknown(expression: Expression): boolean {
  return expression.kind === "constant" && expression.value === null;
}

function all(args: readonly Expression[]): Expression {
  const [first] = args;
  if (args.some(isFalse)) return FALSE;
  return args.length === 1 && first !== undefined ? first : { kind: "and", args, type: BOOL_TYPE };
}

function any(args: readonly Expression[]): Expression {
  const rest = args.filter((arg) => !isFalse(arg));
  const [first] = rest;
  if (first === undefined) return FALSE;
  return rest.length === 1 ? first : { kind: "or", args: rest, type: BOOL_TYPE };
}

/**
 * A condition that is true exactly where `expression` is, with what only tells false from NULL left out. Such
 * parts of `x IN (SELECT …)` cost joins of their own.
 */
export function whereTrue(expression: Expression): Expression {
  if (isUnknown(expression)) return FALSE;
  switch (expression.kind) {
    case "and":
      return all(expression.args.map(whereTrue));
    case "or":
      return any(expression.args.map(whereTrue));
    case "not":
      return all(expression.args.map(whereFalse));
    default:
      return expression;
  }
}

/** A condition that is true exactly where `expression` is false. */
function whereFalse(expression: Expression): Expression {
  if (isUnknown(expression)) return FALSE;
  switch (expression.kind) {
    case "and":
      return any(expression.args.map(whereFalse));
    case "or":
      return all(expression.args.map(whereFalse));
    case "not":
      return all(expression.args.map(whereTrue));
    case "is-null":
      return { ...expression, kind: "is-not-null" };
    case "is-not-null":
      return { ...expression, kind: "is-null" };
    default:
      return { kind: "not", args: [expression], type: BOOL_TYPE };
  }
}
