import { columnsOf, randomTable } from "./from-clause.ts";
import { randomCondition } from "./conditions.ts";
import { type Draft, type Form, where } from "./draft.ts";
import type { Select } from "./select.ts";

interface SetOperator extends Form {
  readonly sql: string;
  /** Whether equal rows become one, so that it is open which of two spellings of a number is shown. */
  readonly merges: boolean;
}

const setOperators: readonly SetOperator[] = [
  { feature: "UNION ALL", weight: 7, sql: "UNION ALL", merges: false },
  { feature: "UNION", weight: 3, sql: "UNION", merges: true },
];

/** Two filtered tables after one another. */
export function setOperation(draft: Draft): Select {
  const { random, schema } = draft;
  const kinds = random
    .shuffle(schema.tables.flatMap((table) => table.columns.map(({ kind }) => kind)))
    .slice(0, random.integer(1, 4));
  const branches = [0, 1].map(() => {
    const table = randomTable(draft);
    const alias = draft.alias();
    const operands = columnsOf(table, alias);
    const list = kinds.map((kind, index) => {
      const column = table.columns.find((candidate) => candidate.kind === kind && candidate !== table.wide);
      return `${column === undefined ? draft.literal(kind) : `${alias}.${column.name}`} AS c${index + 1}`;
    });
    const condition = random.chance(0.5) ? [randomCondition(draft, operands, false, 1)] : [];
    return `SELECT ${list.join(", ")} FROM ${table.name} AS ${alias}${where(condition)}`;
  });
  const operator = draft.pick(setOperators);
  if (operator.merges && kinds.some(({ loose }) => loose)) draft.loose = true;
  return { core: branches.join(` ${operator.sql} `), outputs: kinds.map((kind) => ({ sql: "", kind })) };
}
