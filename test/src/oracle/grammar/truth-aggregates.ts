import { kindById } from "../column-types.ts";
import { randomFilter } from "./aggregate-filter.ts";
import { integers, randomCondition } from "./conditions.ts";
import { type Draft, keyOperands, type Operand } from "./draft.ts";
import type { AggregateForm } from "./forms.ts";

/** bool_and, bool_or and every over conditions and columns. */
function truthAggregate(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  const truths = operands.filter(({ kind }) => kind.id === "boo").map(({ sql }) => sql);
  const sql =
    truths.length > 0 && random.chance(0.4) ? random.pick(truths) : randomCondition(draft, operands, false, 1);
  const distinct = draft.use("DISTINCT aggregate", 0.2) ? "DISTINCT " : "";
  const name = random.pick(["bool_and", "bool_or", "every"]);
  return { sql: `${name}(${distinct}${sql})${randomFilter(draft, operands)}`, kind: kindById("boo") };
}

function bitAggregate(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  const numbers = operands.filter(({ kind }) => integers.includes(kind.id));
  const { sql, kind } = random.pick(numbers);
  const distinct = draft.use("DISTINCT aggregate", 0.2) ? "DISTINCT " : "";
  const name = random.pick(["bit_and", "bit_or", "bit_xor"]);
  return { sql: `${name}(${distinct}${sql})${randomFilter(draft, operands)}`, kind };
}

/** Which value any_value gives is open: it is only asked whether there is one. */
function anyValue(draft: Draft, operands: readonly Operand[]): Operand {
  const { sql } = draft.random.pick(keyOperands(draft.random, operands));
  return { sql: `(any_value(${sql})${randomFilter(draft, operands)} IS NULL)`, kind: kindById("boo") };
}

export const truthAggregateForms: readonly AggregateForm[] = [
  { feature: "boolean aggregate", weight: 1, write: truthAggregate },
  { feature: "bitwise aggregate", weight: 1, write: bitAggregate },
  { feature: "any_value", weight: 1, write: anyValue },
];
