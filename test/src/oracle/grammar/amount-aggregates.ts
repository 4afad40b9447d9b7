import { randomFilter } from "./aggregate-filter.ts";
import type { Draft, Operand } from "./draft.ts";
import type { AggregateForm } from "./forms.ts";
import { kindById, typedLiteral } from "../column-types.ts";

/** sum and avg of intervals, sum of money, bitwise aggregates of bit strings: of a column, or of literals where no table has one. */
function amountAggregate(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  const amounts = operands.filter(({ kind }) => ["itv", "mon", "bit"].includes(kind.id));
  const kind = kindById(random.pick(["itv", "mon"]));
  const condition = `${random.pick(operands).sql} IS NULL`;
  const made = `CASE WHEN ${condition} THEN ${typedLiteral(kind, "0")} ELSE ${draft.literal(kind)} END`;
  const amount = amounts.length > 0 ? random.pick(amounts) : { sql: made, kind };
  // Of equal intervals (1 mon and 30 days) it is open which one is in a DISTINCT set.
  const distinct = amount.kind.id !== "itv" && draft.use("DISTINCT aggregate", 0.2) ? "DISTINCT " : "";
  const names = { itv: ["sum", "avg"], mon: ["sum"], bit: ["bit_and", "bit_or", "bit_xor"] }[amount.kind.id] ?? [
    "count",
  ];
  const result = amount.kind.id === "bit" ? { ...amount.kind, sql: "bit", ordered: false } : amount.kind;
  const sql = `${random.pick(names)}(${distinct}${amount.sql})${randomFilter(draft, operands)}`;
  return { sql, kind: { ...result, ordered: false } };
}

export const amountAggregateForms: readonly AggregateForm[] = [
  { feature: "aggregate of amounts", weight: 1, write: amountAggregate },
];
