import { kindById } from "../column-types.ts";
import type { ColumnKind } from "../column-types.ts";
import { randomFilter } from "./aggregate-filter.ts";
import { amountAggregateForms } from "./amount-aggregates.ts";
import { type Draft, keyOperands, type Operand } from "./draft.ts";
import type { AggregateForm } from "./forms.ts";
import { listAggregateForms } from "./list-aggregates.ts";
import { orderedSetAggregateForms } from "./ordered-set-aggregates.ts";
import { statisticalAggregateForms } from "./statistical-aggregates.ts";
import { truthAggregateForms } from "./truth-aggregates.ts";
import { wholeRowAggregates } from "./whole-rows.ts";

const aggregateForms: readonly AggregateForm[] = [
  { feature: "count, sum, avg, min, max", weight: 10, write: basicAggregate },
  ...truthAggregateForms,
  ...listAggregateForms,
  ...statisticalAggregateForms,
  ...orderedSetAggregateForms,
  ...amountAggregateForms,
  ...wholeRowAggregates,
];

export function randomAggregate(draft: Draft, operands: readonly Operand[]): Operand {
  return draft.pick(aggregateForms).write(draft, operands);
}

/** Types without min and max, at least before PostgreSQL 18. */
const withoutExtremes: readonly ColumnKind["family"][] = [
  "bool",
  "uuid",
  "bytea",
  "bit",
  "mac",
  "json",
  "range",
  "record",
];

function basicAggregate(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  const { sql, kind } = random.pick(keyOperands(random, operands));
  const filter = randomFilter(draft, operands);
  const distinct = draft.use("DISTINCT aggregate", 0.25) ? "DISTINCT " : "";
  const big = kindById("big");
  if (random.chance(0.2)) return { sql: `count(*)${filter}`, kind: big };
  if (kind.summable && random.chance(0.7)) {
    // Sums of floats may be 0 or -0; of a DISTINCT set it is open which of two equal numbers is in it.
    if (kind.family === "number" && (["rea", "flo"].includes(kind.id) || (kind.loose && distinct !== "")))
      draft.loose = true;
    const name = distinct !== "" && kind.id === "dec" ? "count" : random.pick(["sum", "sum", "avg"]);
    return { sql: `${name}(${distinct}${sql})${filter}`, kind: name === "count" ? big : sumKind(name, kind) };
  }
  const hasExtremes = kind.ordered && !withoutExtremes.includes(kind.family);
  if (hasExtremes && random.chance(0.7)) {
    if (kind.loose) draft.loose = true;
    return { sql: `${random.pick(["min", "max"])}(${sql})${filter}`, kind: kind.id === "var" ? kindById("txt") : kind };
  }
  return { sql: `count(${distinct}${sql})${filter}`, kind: big };
}

function sumKind(name: string, kind: ColumnKind): ColumnKind {
  if (["rea", "flo"].includes(kind.id)) return name === "avg" ? kindById("flo") : kind;
  return name === "sum" && ["sma", "num"].includes(kind.id) ? kindById("big") : kindById("dec");
}
