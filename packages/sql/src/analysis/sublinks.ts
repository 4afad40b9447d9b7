import type { ColumnType } from "@freshet/values";
import { mapExpression } from "../plan/expression-walk.ts";
import type { Expression } from "../plan/expression.ts";
import { canonicalJson } from "../plan/plan-hash.ts";
import type { Plan } from "../plan/plan.ts";
import { BOOL_TYPE } from "./type-support.ts";

/**
 * A subquery in an expression. The expression names its result by symbols: of `exists` a marker that is true
 * where the subquery has a row and else NULL; of `scalar` the columns of its one row (NULL without one), then
 * whether it has more. Joins supply these symbols before the expression is evaluated.
 */
export interface Sublink {
  readonly kind: "exists" | "scalar";
  /** What it reads of the query around it are outer symbols. */
  readonly plan: Plan;
  readonly symbols: readonly number[];
}

/** The subqueries in the expressions of one query level. Equal ones are one. */
export class Sublinks {
  readonly #addSymbol: (type: ColumnType) => number;
  readonly #byText = new Map<string, Sublink>();
  readonly #bySymbol = new Map<number, Sublink>();

  constructor(addSymbol: (type: ColumnType) => number) {
    this.#addSymbol = addSymbol;
  }

  get(symbol: number): Sublink | undefined {
    return this.#bySymbol.get(symbol);
  }

  add(kind: Sublink["kind"], plan: Plan): Sublink {
    const text = canonicalJson({ kind, plan });
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const types = kind === "exists" ? [BOOL_TYPE] : [...plan.columns, BOOL_TYPE];
    const sublink: Sublink = { kind, plan, symbols: types.map((type) => this.#addSymbol(type)) };
    this.#byText.set(text, sublink);
    for (const symbol of sublink.symbols) this.#bySymbol.set(symbol, sublink);
    return sublink;
  }
}

/** An expression of a query as a subquery of it sees it. */
export function asOuter(expression: Expression): Expression {
  return mapExpression(expression, (node) =>
    node.kind === "column" ? { kind: "outer", index: node.index, type: node.type } : undefined,
  );
}
