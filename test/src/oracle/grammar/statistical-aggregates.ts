import { kindById } from "../column-types.ts";
import { randomFilter } from "./aggregate-filter.ts";
import { integers } from "./conditions.ts";
import { type Draft, keyOperands, type Operand } from "./draft.ts";
import type { AggregateForm } from "./forms.ts";

const spreads = ["var_pop", "var_samp", "variance", "stddev_pop", "stddev_samp", "stddev"] as const;
const regressions = [
  "covar_pop",
  "covar_samp",
  "corr",
  "regr_sxx",
  "regr_syy",
  "regr_sxy",
  "regr_avgx",
  "regr_avgy",
  "regr_r2",
  "regr_slope",
  "regr_intercept",
] as const;

/** PostgreSQL rounds after each row, in their order: the last digits of a float's result are open. */
function rounded(sql: string): Operand {
  return { sql: `round((${sql})::numeric, 3)`, kind: { ...kindById("dec"), ordered: false } };
}

/** Spreads of integers and numerics are exact; of floats those are taken whose squares are small. */
function spread(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  const numbers = keyOperands(random, operands).filter(({ kind }) =>
    [...integers, "rea", "dec", "pri"].includes(kind.id),
  );
  const { sql, kind } = random.pick(numbers);
  // Of equal numerics it is open which one, with how many digits, is in a DISTINCT set.
  const distinct = kind.id !== "dec" && draft.use("DISTINCT aggregate", 0.2) ? "DISTINCT " : "";
  const call = `${random.pick(spreads)}(${distinct}${sql})${randomFilter(draft, operands)}`;
  return kind.id === "rea" ? rounded(call) : { sql: call, kind: { ...kindById("dec"), ordered: false } };
}

function regression(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  const small = operands.filter(({ sql, kind }) => sql.endsWith(".link") || kind.id === "rea");
  const [y, x] = [random.pick(small), random.pick(small)];
  const distinct = draft.use("DISTINCT aggregate", 0.2) ? "DISTINCT " : "";
  const filter = randomFilter(draft, operands);
  if (random.chance(0.1)) return { sql: `regr_count(${distinct}${y.sql}, ${x.sql})${filter}`, kind: kindById("big") };
  return rounded(`${random.pick(regressions)}(${distinct}${y.sql}, ${x.sql})${filter}`);
}

export const statisticalAggregateForms: readonly AggregateForm[] = [
  { feature: "stddev and variance", weight: 1, write: spread },
  { feature: "regression aggregate", weight: 1, write: regression },
];
