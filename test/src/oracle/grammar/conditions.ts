import { quote } from "../column-types.ts";
import type { ColumnKind } from "../column-types.ts";
import type { Draft, Operand } from "./draft.ts";
import type { ConditionForm } from "./forms.ts";
import { functionConditionForms } from "./functions.ts";
import { rowConditions } from "./row-conditions.ts";
import { typeConditions } from "./type-operators.ts";
import { subqueryConditions } from "./subqueries.ts";
import { upstreamConditionForms } from "./upstream-functions.ts";
import { wholeRowConditions } from "./whole-rows.ts";

const comparisons = ["=", "<>", "<", "<=", ">", ">="] as const;
export const integers: readonly string[] = ["sma", "num", "big"];

/** Conditions that never fail on a row. */
const conditionForms: readonly ConditionForm[] = [
  { feature: "comparison", weight: 8, write: simpleCondition },
  ...functionConditionForms,
  ...upstreamConditionForms,
  ...typeConditions,
  ...rowConditions,
  ...wholeRowConditions,
  ...subqueryConditions,
];

/** A condition over `operands`. With `fragile` it may fail on some rows. */
export function randomCondition(draft: Draft, operands: readonly Operand[], fragile: boolean, depth = 2): string {
  const { random } = draft;
  if (depth > 0 && random.chance(0.35)) {
    const left = randomCondition(draft, operands, fragile, depth - 1);
    const right = randomCondition(draft, operands, fragile, depth - 1);
    return random.pick([`(${left} AND ${right})`, `(${left} OR ${right})`, `(${left} OR ${right})`, `NOT (${left})`]);
  }
  if (fragile && random.chance(0.5)) return fragileCondition(draft, operands);
  return draft.pick(conditionForms).write(draft, operands);
}

function simpleCondition(draft: Draft, operands: readonly Operand[]): string {
  const { random } = draft;
  const operand = random.pick(operands);
  const { sql, kind } = operand;
  if (random.chance(0.12)) return `${sql} IS ${random.chance(0.5) ? "NOT " : ""}NULL`;
  if (random.chance(0.12)) {
    const other = random.pick(operands);
    if (other.kind === kind) return `${sql} ${comparison(draft, kind)} ${other.sql}`;
  }
  const special = specialCondition(draft, operand);
  if (special !== undefined && random.chance(0.5)) return special;
  const value = (): string => draft.literal(kind);
  switch (random.integer(0, 6)) {
    case 0:
      return `${sql} IN (${value()}, ${value()}, ${value()})`;
    case 1:
      return kind.ordered ? `${sql} BETWEEN ${value()} AND ${value()}` : `${sql} <> ${value()}`;
    case 2:
      return `${sql} IS ${random.chance(0.5) ? "NOT " : ""}DISTINCT FROM ${value()}`;
    case 3:
      return `coalesce(${sql}, ${value()}) ${comparison(draft, kind)} ${value()}`;
    case 4:
      return `CASE WHEN ${sql} = ${value()} THEN true WHEN ${sql} IS NULL THEN NULL ELSE ${random.chance(0.5)} END`;
    default:
      return `${sql} ${comparison(draft, kind)} ${value()}`;
  }
}

function comparison(draft: Draft, kind: ColumnKind): string {
  return kind.ordered ? draft.random.pick(comparisons) : draft.random.pick(["=", "<>"]);
}

/** What only some types can do. */
function specialCondition(draft: Draft, { sql, kind }: Operand): string | undefined {
  const { random } = draft;
  if (kind.family === "bool")
    return random.pick([sql, `NOT ${sql}`, `${sql} IS TRUE`, `${sql} IS NOT FALSE`, `${sql} IS UNKNOWN`]);
  if (kind.family === "text") {
    const pattern = random.pick(["a%", "%b%", "_", "%", "", "%\\%%", "ä%", "_ ", "a\\_", "%€%"]);
    return `${sql} ${random.pick(["LIKE", "NOT LIKE"])} ${quote(pattern)}`;
  }
  if (kind.id === "ids") return `${random.integer(0, 4)} = ANY (${sql})`;
  if (integers.includes(kind.id)) {
    return random.pick([`${sql} % 3 = ${random.integer(0, 3)}`, `${sql}::numeric * 2 + 1 > ${random.integer(-3, 6)}`]);
  }
  if (kind.family === "number") return `${sql} * 0.5 <= ${random.integer(-2, 4)}`;
  return undefined;
}

function fragileCondition(draft: Draft, operands: readonly Operand[]): string {
  const { random } = draft;
  draft.features.add("failing condition");
  const { sql, kind } = random.pick(operands);
  if (integers.includes(kind.id))
    return random.pick([`10 / ${sql} > ${random.integer(0, 4)}`, `${sql} + 1 > 2`, `${sql} % ${sql} = 0`]);
  if (kind.family === "number") return `1 / ${sql} < 1`;
  if (kind.family === "text") return `${sql}::int4 > 0`;
  return `${sql} IS NOT NULL`;
}
