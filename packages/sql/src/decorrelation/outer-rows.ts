import { must } from "@freshet/base";
import type { Relation } from "../analysis/query-scope.ts";
import { unsupported } from "../analysis/unsupported.ts";
import type { Expression } from "../plan/expression.ts";
import { distinctPlan, projectPlan } from "../plan/plan-build.ts";
import type { Plan } from "../plan/plan.ts";
import type { LocalSymbols } from "./local-symbols.ts";
import { mapOuters, outersIn } from "./outer-references.ts";

/** The smallest of the relations that `relation` was made of that has all of its symbols among `wanted`. */
function domainOf(relation: Relation, wanted: ReadonlySet<number>): Relation {
  const own = relation.symbols.filter((symbol) => wanted.has(symbol));
  let found = relation;
  while (found.domain !== undefined && own.every((symbol) => found.domain?.symbols.includes(symbol)))
    found = found.domain;
  return found;
}

function valueIn(relation: Relation, expression: Expression): Expression {
  return mapOuters(expression, (outer) => {
    const column = relation.symbols.indexOf(outer.index);
    return column < 0 ? outer : { kind: "column", index: column, type: outer.type };
  });
}

/** The rows around a subquery, which say for which outer values it is wanted. */
export class OuterRows {
  readonly #relation: Relation;
  readonly #local: LocalSymbols;

  constructor(relation: Relation, local: LocalSymbols) {
    this.#relation = relation;
    this.#local = local;
  }

  /** The value of a local symbol, over the relation's columns; what these do not have stays outer. */
  value(symbol: number): Expression {
    return valueIn(this.#relation, this.#definition(symbol));
  }

  #definition(symbol: number): Expression {
    return must(this.#local.definitions.get(symbol), "a local symbol without meaning");
  }

  /** Each combination of the symbols' values once; others may be there that have no row in the end. */
  domain(symbols: readonly number[]): Plan {
    if (symbols.some((symbol) => this.#local.imageMatters.get(symbol) === null)) {
      throw unsupported(
        "a subquery uses a value from outside of a type whose equal values can look different (float, character, json) for more than to compare it",
        { hint: "Compare it with =, <, > and their like only, or join instead." },
      );
    }
    const definitions = symbols.map((symbol) => this.#definition(symbol));
    const domain = domainOf(this.#relation, new Set(outersIn(definitions).keys()));
    const values = definitions.map((definition) => valueIn(domain, definition));
    return distinctPlan(projectPlan(domain.plan, values));
  }

  /** The symbols, and those that must be bound with them. */
  withCompanions(symbols: Iterable<number>): Set<number> {
    const all = new Set(symbols);
    for (const symbol of symbols) {
      const companion = this.#local.imageMatters.get(symbol) ?? null;
      if (companion !== null) all.add(companion);
    }
    return all;
  }

  /** Whether a value that is equal can stand for the symbol's value. */
  isReplaceable(symbol: number): boolean {
    return !this.#local.imageMatters.has(symbol);
  }
}
