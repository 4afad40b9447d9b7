import type { ColumnKind } from "../column-types.ts";
import { randomCondition } from "./conditions.ts";
import { type Draft, type Form, where } from "./draft.ts";
import { columnsOf, randomTable } from "./tables.ts";
import type { Select } from "./select.ts";

interface SetOperator extends Form {
  readonly sql: string;
  /** Whether equal rows become one, so that it is open which of two spellings of a number is shown. */
  readonly merges: boolean;
}

const setOperators: readonly SetOperator[] = [
  { feature: "UNION ALL", weight: 7, sql: "UNION ALL", merges: false },
  { feature: "UNION", weight: 3, sql: "UNION", merges: true },
  { feature: "INTERSECT", weight: 2, sql: "INTERSECT", merges: true },
  { feature: "INTERSECT ALL", weight: 2, sql: "INTERSECT ALL", merges: true },
  { feature: "EXCEPT", weight: 2, sql: "EXCEPT", merges: true },
  { feature: "EXCEPT ALL", weight: 2, sql: "EXCEPT ALL", merges: true },
];

/** Filtered tables, combined as sets or bags; perhaps nested. */
export function setOperation(draft: Draft): Select {
  const { random, schema } = draft;
  const kinds = random
    .shuffle(schema.tables.flatMap((table) => table.columns.map(({ kind }) => kind)))
    .slice(0, random.integer(1, 4));
  const core = combination(draft, kinds, draft.use("nested set operation", 0.3) ? 2 : 1);
  return { core, outputs: kinds.map((kind) => ({ sql: "", kind })) };
}

function combination(draft: Draft, kinds: readonly ColumnKind[], depth: number): string {
  const sides = [0, 1].map((side) => {
    if (depth > 1 && side === draft.random.integer(0, 2)) return `(${combination(draft, kinds, depth - 1)})`;
    return branch(draft, kinds);
  });
  const operator = draft.pick(setOperators);
  if (operator.merges && kinds.some(({ loose }) => loose)) draft.loose = true;
  return sides.join(` ${operator.sql} `);
}

function branch(draft: Draft, kinds: readonly ColumnKind[]): string {
  const { random } = draft;
  const table = randomTable(draft);
  const alias = draft.alias();
  const operands = columnsOf(table, alias);
  const list = kinds.map((kind, index) => {
    const column = table.columns.find((candidate) => candidate.kind === kind && candidate !== table.wide);
    return `${column === undefined ? draft.literal(kind) : `${alias}.${column.name}`} AS c${index + 1}`;
  });
  const condition = random.chance(0.5) ? [randomCondition(draft, operands, false, 1)] : [];
  const select = `SELECT ${list.join(", ")} FROM ${table.name} AS ${alias}${where(condition)}`;
  // Only an order that tells all rows apart fixes which ones a LIMIT takes.
  const fixed = kinds.every(({ ordered, loose }) => ordered && !loose);
  if (!fixed || !draft.use("LIMIT in a branch", 0.15)) return select;
  return `(${select} ORDER BY ${kinds.map((_kind, index) => index + 1).join(", ")} LIMIT ${random.pick([1, 3, 5])})`;
}
