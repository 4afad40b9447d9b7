import { randomCondition } from "./conditions.ts";
import type { Draft, Form, Operand } from "./draft.ts";
import { type FromClause, randomFrom } from "./from-clause.ts";

/** A SELECT without ORDER BY and LIMIT, and its output columns. */
export interface Select {
  readonly core: string;
  readonly outputs: readonly Operand[];
}

/** A way to write a whole SELECT. `isOrdered`: an ORDER BY over its columns follows. */
export interface SelectForm extends Form {
  write(draft: Draft, isOrdered: boolean): Select;
}

export interface Source {
  readonly from: FromClause;
  readonly conditions: readonly string[];
  /** Whether expressions may fail on some rows. */
  readonly fragile: boolean;
}

/** FROM and the conditions of WHERE. */
export function randomSource(draft: Draft, isOrdered: boolean): Source {
  // Which rows a LIMIT lets fail is open.
  const fragile = !draft.wishes.forTable && !isOrdered && draft.random.chance(0.15);
  const from = randomFrom(draft, fragile);
  const conditions = [...from.conditions];
  if (draft.random.chance(0.5)) conditions.push(randomCondition(draft, from.operands, fragile));
  return { from, conditions, fragile };
}
