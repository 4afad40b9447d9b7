import { unreachable } from "@freshet/base";
import type { ColumnExpression, Expression, ParameterExpression } from "./expression.ts";

/** The direct sub-expressions, in the order of evaluation as written. */
export function expressionChildren(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "column":
    case "constant":
    case "parameter":
    case "outer":
      return [];
    case "call":
    case "upstream":
    case "and":
    case "or":
    case "not":
    case "coalesce":
    case "greatest":
    case "least":
      return expression.args;
    case "is-null":
    case "is-not-null":
    case "is-true":
    case "is-not-true":
    case "is-false":
    case "is-not-false":
    case "is-unknown":
    case "is-not-unknown":
    case "text-cast":
      return [expression.arg];
    case "distinct-from":
    case "nullif":
      return [expression.left, expression.right];
    case "any":
    case "all":
      return [expression.left, expression.array];
    case "one-row":
      return [expression.more, expression.value];
    case "called":
      return [expression.failure, expression.value];
    case "case": {
      const arms = expression.arms.flatMap((arm) => [arm.when, arm.then]);
      return expression.otherwise === null ? arms : [...arms, expression.otherwise];
    }
    default:
      return unreachable(expression, "expression");
  }
}

/** Calls `visit` for the expression and everything below it, parents first; `false` keeps it out of a sub-tree. */
export function walkExpression(expression: Expression, visit: (expression: Expression) => boolean | void): void {
  if (visit(expression) === false) return;
  for (const child of expressionChildren(expression)) walkExpression(child, visit);
}

/**
 * Rebuilds the expression top-down: where `replace` returns an expression, that takes the place of the
 * whole sub-tree; where it returns undefined, the children are mapped.
 */
export function mapExpression(
  expression: Expression,
  replace: (expression: Expression) => Expression | undefined,
): Expression {
  const replaced = replace(expression);
  if (replaced !== undefined) return replaced;
  const map = (child: Expression): Expression => mapExpression(child, replace);
  switch (expression.kind) {
    case "column":
    case "constant":
    case "parameter":
    case "outer":
      return expression;
    case "call":
    case "upstream":
    case "and":
    case "or":
    case "not":
    case "coalesce":
    case "greatest":
    case "least":
      return { ...expression, args: expression.args.map(map) };
    case "is-null":
    case "is-not-null":
    case "is-true":
    case "is-not-true":
    case "is-false":
    case "is-not-false":
    case "is-unknown":
    case "is-not-unknown":
    case "text-cast":
      return { ...expression, arg: map(expression.arg) };
    case "distinct-from":
    case "nullif":
      return { ...expression, left: map(expression.left), right: map(expression.right) };
    case "any":
    case "all":
      return { ...expression, left: map(expression.left), array: map(expression.array) };
    case "one-row":
      return { ...expression, more: map(expression.more), value: map(expression.value) };
    case "called":
      return { ...expression, failure: map(expression.failure), value: map(expression.value) };
    case "case":
      return {
        ...expression,
        arms: expression.arms.map((arm) => ({ when: map(arm.when), then: map(arm.then) })),
        otherwise: expression.otherwise === null ? null : map(expression.otherwise),
      };
    default:
      return unreachable(expression, "expression");
  }
}

/** The indexes of all columns the expressions read. */
export function columnsOf(...expressions: readonly Expression[]): Set<number> {
  const columns = new Set<number>();
  for (const expression of expressions) {
    walkExpression(expression, (node) => {
      if (node.kind === "column") columns.add(node.index);
    });
  }
  return columns;
}

/** Every mention of a statement parameter in the expressions. */
export function parametersIn(expressions: readonly Expression[]): ParameterExpression[] {
  const found: ParameterExpression[] = [];
  for (const expression of expressions) {
    walkExpression(expression, (node) => {
      if (node.kind === "parameter") found.push(node);
    });
  }
  return found;
}

/** The numbers of all statement parameters in the expression. */
export function parametersOf(expression: Expression): Set<number> {
  const numbers = new Set<number>();
  walkExpression(expression, (node) => {
    if (node.kind === "parameter") numbers.add(node.number);
  });
  return numbers;
}

/** The expression with another in the place of every column. */
export function replaceColumns(expression: Expression, replace: (column: ColumnExpression) => Expression): Expression {
  return mapExpression(expression, (node) => (node.kind === "column" ? replace(node) : undefined));
}
