import type { Draft, Operand } from "./draft.ts";
import type { ConditionForm } from "./forms.ts";

const equalities = ["=", "<>", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"] as const;
const orders = ["<", "<=", ">", ">="] as const;

/** Families whose order no collation decides. */
const orderedFamilies: ReadonlySet<string> = new Set(["number", "date", "timestamp", "bool", "interval", "range"]);

/** `(a, b) < (c, d)` and the like, and tests of rows for NULL. */
function rowCondition(draft: Draft, operands: readonly Operand[]): string {
  const { random } = draft;
  const comparable = operands.filter(({ kind }) => kind.ordered);
  if (comparable.length === 0) return `ROW(${random.pick(operands).sql}) IS NOT NULL`;
  const columns = Array.from({ length: random.integer(2, 3) }, () => random.pick(comparable));
  const row = `(${columns.map(({ sql }) => sql).join(", ")})`;
  if (random.chance(0.3)) return `${row} IS ${random.chance(0.5) ? "NOT " : ""}NULL`;
  const isOrdered = columns.every(({ kind }) => orderedFamilies.has(kind.family));
  const operator = random.pick(isOrdered ? [...equalities, ...orders] : equalities);
  const values = columns.map(({ sql, kind }) => (random.chance(0.3) ? sql : draft.literal(kind)));
  return `${row} ${operator} (${values.join(", ")})`;
}

export const rowConditions: readonly ConditionForm[] = [{ feature: "row condition", weight: 1, write: rowCondition }];
