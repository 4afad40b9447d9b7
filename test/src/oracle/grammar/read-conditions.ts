import { type Draft, keyOperands, type Operand } from "./draft.ts";
import { place } from "./parameters.ts";

/** Conditions on parameters that are no keys: looked at when a key's rows are read. */
export function randomReadConditions(draft: Draft, operands: readonly Operand[]): string[] {
  const { random } = draft;
  const usable = random
    .shuffle(keyOperands(random, operands))
    .filter(({ kind }) => kind.family !== "json" && kind.family !== "array");
  const [first, second = first] = usable;
  if (first === undefined || second === undefined || !draft.use("condition at read time", 0.15)) return [];
  const count = random.integer(1, 3);
  return Array.from({ length: count }, () => readCondition(draft, first, second));
}

function readCondition(draft: Draft, first: Operand, second: Operand): string {
  const { random } = draft;
  const value = ({ kind }: Operand): string => place(draft, "scalar", kind);
  const order = ({ kind }: Operand): string => (kind.ordered ? random.pick(["<", "<=", ">", ">="]) : "<>");
  switch (random.integer(0, 6)) {
    case 0:
      return `(${first.sql} = ${value(first)} OR ${second.sql} ${order(second)} ${value(second)})`;
    case 1:
      return `${first.sql} <> ${value(first)}`;
    case 2:
      return `${first.sql} IS DISTINCT FROM ${value(first)}`;
    case 3:
      return `NOT (${first.sql} = ${value(first)} AND ${second.sql} ${order(second)} ${value(second)})`;
    case 4:
      if (first.kind.family !== "text") break;
      return `${first.sql} LIKE ${value(first)}::text || '%'`;
    default:
  }
  return `CASE WHEN ${second.sql} IS NULL THEN ${first.sql} ${order(first)} ${value(first)} ELSE true END`;
}
