import type { SeededRandom } from "@freshet/base";
import { typedLiteral } from "../column-types.ts";
import type { ColumnKind } from "../column-types.ts";
import type { QueryParameter } from "../oracle-case.ts";
import type { Schema } from "../schema.ts";

/** Something with a type that a query can name. */
export interface Operand {
  readonly sql: string;
  readonly kind: ColumnKind;
}

export interface QueryWishes {
  /** For a table that is written back: without parameters, order and expressions that fail; columns have names. */
  readonly forTable: boolean;
}

/**
 * A query under construction. Every optional feature of the grammar is taken through `use` or `pick`, by name, so that a run can
 * favour some and can tell which met which.
 */
export class Draft {
  readonly random: SeededRandom;
  readonly schema: Schema;
  readonly wishes: QueryWishes;
  readonly parameters: QueryParameter[] = [];
  /** The names of the features that the query has. */
  readonly features: Set<string> = new Set();
  /** Which of several equal numbers (1.0 and 1.00, 0 and -0) the answer shows is open. */
  loose = false;
  /** How deep in subqueries the text stands that is being written. */
  depth = 0;
  readonly #favoured: ReadonlySet<string>;
  #aliases = 0;

  constructor(random: SeededRandom, schema: Schema, wishes: QueryWishes, favoured: ReadonlySet<string> = new Set()) {
    this.random = random;
    this.schema = schema;
    this.wishes = wishes;
    this.#favoured = favoured;
  }

  /** Whether to use the feature: with the given probability, or mostly when it is favoured. */
  use(feature: string, probability: number): boolean {
    const used = this.random.chance(this.#favoured.has(feature) ? Math.max(probability, 0.7) : probability);
    if (used) this.features.add(feature);
    return used;
  }

  /** One of the forms, by weight; a favoured one mostly. Forms of weight 0 are out of the question here. */
  pick<F extends Form>(forms: readonly F[]): F {
    const favoured = forms.filter((form) => form.weight > 0 && this.#favoured.has(form.feature));
    if (favoured.length > 0 && this.random.chance(0.7)) return this.#taken(this.random.pick(favoured));
    const total = forms.reduce((sum, form) => sum + form.weight, 0);
    let left = this.random.float() * total;
    for (const form of forms) {
      left -= form.weight;
      if (left < 0) return this.#taken(form);
    }
    throw new RangeError("no form has a weight");
  }

  #taken<F extends Form>(form: F): F {
    this.features.add(form.feature);
    return form;
  }

  /** A table alias that the query does not have yet. */
  alias(): string {
    this.#aliases += 1;
    return `q${this.#aliases}`;
  }

  /** A literal of the kind. */
  literal(kind: ColumnKind): string {
    return typedLiteral(kind, this.random.pick(kind.values));
  }
}

/** One of several ways to write something. */
export interface Form {
  readonly feature: string;
  readonly weight: number;
}

export function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
}

/** A select list; columns of written-back tables must have names. */
export function columnList(draft: Draft, outputs: readonly Operand[]): string {
  return outputs
    .map(({ sql }, index) => (draft.wishes.forTable || draft.random.chance(0.3) ? `${sql} AS c${index + 1}` : sql))
    .join(", ");
}

/**
 * Without the columns of wide values, nearly always: a row whose key is too long for the store makes the cache miss, which is right but shows
 * nothing.
 */
export function keyOperands<T extends { readonly sql: string }>(
  random: SeededRandom,
  operands: readonly T[],
): readonly T[] {
  const narrow = operands.filter(({ sql }) => !/\bwide\b/.test(sql));
  return narrow.length === 0 || random.chance(0.05) ? operands : narrow;
}
