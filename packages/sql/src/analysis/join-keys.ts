import type { Expression } from "../plan/expression.ts";
import { equalSides } from "./equal-sides.ts";
import type { QueryScope } from "./query-scope.ts";

/** A pair of expressions of one type, one over each side of a join, that must be equal. */
export interface KeyPair {
  readonly left: Expression;
  readonly right: Expression;
}

function readsOnly(expression: Expression, entries: ReadonlySet<number>, scope: QueryScope): boolean {
  const sources = scope.sources(expression);
  return sources.size > 0 && [...sources].every((source) => entries.has(source));
}

/** The key pair that a conjunct makes between two sides of a join, if it does. */
export function keyPair(
  conjunct: Expression,
  left: ReadonlySet<number>,
  right: ReadonlySet<number>,
  scope: QueryScope,
): KeyPair | undefined {
  const sides = equalSides(conjunct);
  if (sides === undefined) return undefined;
  const [first, second] = sides;
  if (readsOnly(first, left, scope) && readsOnly(second, right, scope)) return { left: first, right: second };
  if (readsOnly(second, left, scope) && readsOnly(first, right, scope)) return { left: second, right: first };
  return undefined;
}
