import { kindById } from "../column-types.ts";
import type { ColumnKind } from "../column-types.ts";
import type { Draft, Operand } from "./draft.ts";
import type { AggregateForm, ConditionForm } from "./forms.ts";

/** The row of an item of FROM as one value. */
const row: ColumnKind = {
  id: "row",
  sql: "record",
  values: [],
  family: "record",
  ordered: false,
  summable: false,
  loose: false,
};

const FEATURE = "whole row";

/** The aliases that the operands are columns of. */
function aliasesOf(operands: readonly Operand[]): readonly string[] {
  return [...new Set(operands.flatMap(({ sql }) => /^(q\d+)\.\w+$/.exec(sql)?.[1] ?? []))];
}

function columnsOf(alias: string, operands: readonly Operand[]): readonly Operand[] {
  return operands.filter(({ sql }) => sql.startsWith(`${alias}.`));
}

/** An item whose rows have the same columns: rows of unlike ones cannot be compared. */
function comparable(draft: Draft, alias: string, operands: readonly Operand[]): string {
  const shape = (name: string): string =>
    columnsOf(name, operands)
      .map(({ sql, kind }) => `${sql.slice(name.length)} ${kind.id}`)
      .join();
  return draft.random.pick(aliasesOf(operands).filter((other) => shape(other) === shape(alias)));
}

/** Columns that are a whole row, NULL where an outer join found none; mostly none at all. */
export function randomWholeRows(draft: Draft, operands: readonly Operand[]): Operand[] {
  const { random } = draft;
  const aliases = aliasesOf(operands);
  if (aliases.length === 0 || !draft.use(FEATURE, 0.06)) return [];
  const alias = random.pick(aliases);
  const columns = columnsOf(alias, operands);
  const other = random.pick(columns);
  // A function's only column is its row.
  const field = columns.length === 1 ? other.sql : `(${alias}).${other.sql.slice(alias.length + 1)}`;
  return [
    random.pick<Operand>([
      { sql: alias, kind: row },
      { sql: alias, kind: row },
      { sql: field, kind: other.kind },
      { sql: `CASE WHEN ${other.sql} IS NOT NULL THEN ${alias} END`, kind: row },
      { sql: `${alias}.* IS DISTINCT FROM ${comparable(draft, alias, operands)}.*`, kind: kindById("boo") },
    ]),
  ];
}

/** Rows compared with one another, and tested for NULL: of the row itself, and of its columns. */
function rowTest(draft: Draft, operands: readonly Operand[]): string {
  const { random } = draft;
  const aliases = aliasesOf(operands);
  if (aliases.length === 0) return `${random.pick(operands).sql} IS NOT NULL`;
  const alias = random.pick(aliases);
  return random.pick([
    `${alias} IS ${random.chance(0.5) ? "NOT " : ""}NULL`,
    `${alias}.* IS ${random.chance(0.5) ? "NOT " : ""}NULL`,
    `${alias} IS NOT DISTINCT FROM ${comparable(draft, alias, operands)}`,
    `NOT (${alias}.* IS NULL)`,
  ]);
}

/** Rows that are there, whatever their columns hold. */
function countRows(draft: Draft, operands: readonly Operand[]): Operand {
  const { random } = draft;
  const aliases = aliasesOf(operands);
  const counted = random.pick(aliases.length === 0 ? operands.map(({ sql }) => sql) : aliases);
  return { sql: `count(${counted})`, kind: kindById("big") };
}

export const wholeRowConditions: readonly ConditionForm[] = [
  { feature: "whole row in a condition", weight: 0.3, write: rowTest },
];

export const wholeRowAggregates: readonly AggregateForm[] = [
  { feature: "count of whole rows", weight: 0.4, write: countRows },
];
