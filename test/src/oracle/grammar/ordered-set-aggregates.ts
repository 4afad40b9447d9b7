import { kindById } from "../column-types.ts";
import { randomFilter } from "./aggregate-filter.ts";
import { type Draft, keyOperands, type Operand } from "./draft.ts";
import type { AggregateForm } from "./forms.ts";
import { exactOperands } from "./list-aggregates.ts";

const fractions = ["0", "0.1", "0.25", "0.5", "0.9", "1"] as const;
const directions = ["", " DESC", " ASC NULLS FIRST", " DESC NULLS LAST"] as const;

function withinGroup(draft: Draft, call: string, items: readonly Operand[], operands: readonly Operand[]): string {
  const by = items.map(({ sql }) => `${sql}${draft.random.pick(directions)}`).join(", ");
  return `${call} WITHIN GROUP (ORDER BY ${by})${randomFilter(draft, operands)}`;
}

function mode(draft: Draft, operands: readonly Operand[]): Operand {
  const value = draft.random.pick(exactOperands(draft, operands));
  return { sql: withinGroup(draft, "mode()", [value], operands), kind: { ...value.kind, ordered: false } };
}

/** A fraction, or an array of them with its NULLs. */
function fractionOf(draft: Draft): { readonly sql: string; readonly isArray: boolean } {
  const { random } = draft;
  if (!draft.use("array of fractions", 0.25)) return { sql: random.pick(fractions), isArray: false };
  const members = Array.from({ length: random.integer(1, 4) }, () => random.pick([...fractions, "NULL"]));
  const cast = members.every((member) => member === "NULL") || random.chance(0.5) ? "::float8[]" : "";
  return { sql: `ARRAY[${members.join(", ")}]${cast}`, isArray: true };
}

function percentile(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  const fraction = fractionOf(draft);
  const numbers = keyOperands(random, operands).filter(({ kind }) => kind.family === "number");
  if (random.chance(0.5)) {
    const value = random.pick(exactOperands(draft, operands));
    const sql = withinGroup(draft, `percentile_disc(${fraction.sql})`, [value], operands);
    return { sql, kind: { ...value.kind, ordered: false } };
  }
  // Of 0 and -0, and of the signs of NaN, it is open which is shown: in an array nothing compares them loosely.
  const free = numbers.filter(({ kind }) => !fraction.isArray || !kind.loose);
  const sql = withinGroup(draft, `percentile_cont(${fraction.sql})`, [random.pick(free)], operands);
  draft.loose = true;
  return { sql, kind: { ...kindById("flo"), ordered: false } };
}

/** The rank of a row of literals. */
function hypotheticalRank(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  const sortable = keyOperands(random, operands).filter(({ kind }) => kind.ordered && kind.family !== "char");
  const items = random.shuffle(sortable).slice(0, random.pick([1, 1, 2]));
  const name = random.pick(["rank", "dense_rank", "percent_rank", "cume_dist"]);
  const direct = items.map(({ kind }) => (random.chance(0.1) ? `NULL::${kind.sql}` : draft.literal(kind)));
  const kind = name.endsWith("nk") && !name.startsWith("percent") ? kindById("big") : kindById("flo");
  return { sql: withinGroup(draft, `${name}(${direct.join(", ")})`, items, operands), kind };
}

export const orderedSetAggregateForms: readonly AggregateForm[] = [
  { feature: "mode", weight: 1, write: mode },
  { feature: "percentile", weight: 1, write: percentile },
  { feature: "hypothetical rank", weight: 1, write: hypotheticalRank },
];
