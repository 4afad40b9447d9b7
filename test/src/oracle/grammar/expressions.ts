import { kindById } from "../column-types.ts";
import { integers, randomCondition } from "./conditions.ts";
import type { Draft, Operand } from "./draft.ts";
import type { ExpressionForm } from "./forms.ts";
import { functionForms } from "./functions.ts";
import { typeExpressions } from "./type-operators.ts";
import { subqueryExpressions } from "./subqueries.ts";
import { failingCall, upstreamFunctionForms } from "./upstream-functions.ts";

/** Expressions that never fail on a row. */
const expressionForms: readonly ExpressionForm[] = [
  { feature: "bare column", weight: 13, write: (draft, operands) => draft.random.pick(operands) },
  { feature: "expression", weight: 7, write: simpleExpression },
  ...functionForms,
  ...upstreamFunctionForms,
  ...typeExpressions,
  ...subqueryExpressions,
];

/** An output column over `operands`. With `fragile` it may fail on some rows. */
export function randomExpression(draft: Draft, operands: readonly Operand[], fragile: boolean): Operand {
  const { random } = draft;
  if (fragile && random.chance(0.3)) {
    const operand = random.pick(operands);
    const { sql, kind } = operand;
    draft.features.add("failing expression");
    if (integers.includes(kind.id) && random.chance(0.4)) return failingCall(draft, operand);
    if (integers.includes(kind.id)) return { sql: random.pick([`${sql} + 1`, `100 / ${sql}`]), kind };
  }
  return draft.pick(expressionForms).write(draft, operands);
}

function simpleExpression(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  const operand = random.pick(operands);
  const { sql, kind } = operand;
  const value = draft.literal(kind);
  switch (random.integer(0, 4)) {
    case 0:
      return { sql: `coalesce(${sql}, ${value})`, kind };
    case 1:
      return { sql: `CASE WHEN ${randomCondition(draft, operands, false, 1)} THEN ${sql} ELSE ${value} END`, kind };
    case 2:
      return { sql: `nullif(${sql}, ${value})`, kind };
    default:
      return typedExpression(draft, operand);
  }
}

function typedExpression(draft: Draft, operand: Operand): Operand {
  const { random } = draft;
  const { sql, kind } = operand;
  const text = kindById("txt");
  const decimal = kindById("dec");
  if (["sma", "num"].includes(kind.id)) {
    return random.pick([
      { sql: `${sql}::int8 + 1`, kind: kindById("big") },
      { sql: `abs(${sql}::int8)`, kind: kindById("big") },
      { sql: `${sql}::numeric / 7`, kind: decimal },
      { sql: `${sql}::text`, kind: text },
    ]);
  }
  if (["dec", "pri"].includes(kind.id)) {
    return random.pick([
      { sql: `${sql} * 3 - 0.5`, kind: decimal },
      { sql: `round(${sql}, 1)`, kind: decimal },
      { sql: `-${sql}`, kind: decimal },
      { sql: `${sql}::text`, kind: text },
    ]);
  }
  if (["rea", "flo"].includes(kind.id)) return { sql: `${sql} * 2::float8`, kind: kindById("flo") };
  if (kind.family === "text") {
    return random.pick([
      { sql: `${sql} || '+'`, kind: text },
      { sql: `length(${sql})`, kind: kindById("num") },
      { sql: `'<' || ${sql} || '>'`, kind: text },
    ]);
  }
  if (kind.id === "day") return { sql: `${sql} + 1`, kind };
  if (kind.family === "bool") return { sql: `NOT ${sql}`, kind };
  return { sql: "'constant'::text", kind: text };
}
