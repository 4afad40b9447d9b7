import type { Draft, Operand } from "./draft.ts";
import { kindById } from "../column-types.ts";
import { castArray, place } from "./parameters.ts";

/** Of a group: what may be compared with a parameter, which has the type that PostgreSQL gives it there. */
function comparable(operands: readonly Operand[]): Operand[] {
  const count: Operand = { sql: "count(*)", kind: { ...kindById("big"), values: ["0", "1", "2", "3"] } };
  const groups = operands.filter(({ sql, kind }) => /^q\d+\.\w+$/.test(sql) && !kind.loose && kind.family !== "array");
  const counts = operands
    .filter(({ sql }) => /^(count)\([^()]*\)$/.test(sql))
    .map((found) => ({ ...found, kind: count.kind }));
  return [count, count, ...counts, ...groups.filter(({ kind }) => kind.ordered && kind.family !== "json")];
}

/** Conditions of HAVING on parameters: keys made of the groups' values, or looked at when the groups are read. */
export function randomHavingParameters(draft: Draft, operands: readonly Operand[]): string[] {
  const { random } = draft;
  if (!draft.use("parameter in HAVING", 0.12)) return [];
  return Array.from({ length: random.integer(1, 3) }, () => {
    const operand = random.pick(comparable(operands));
    const value = (): string => place(draft, "scalar", operand.kind);
    switch (random.integer(0, 5)) {
      case 0:
        return `${operand.sql} = ${value()}`;
      case 1:
        return `(${operand.sql} <> ${value()} OR count(*) = ${place(draft, "scalar", kindById("big"))})`;
      case 2:
        return `${operand.sql} BETWEEN ${value()} AND ${value()}`;
      case 3:
        return `${operand.sql} = ANY (${random.chance(0.5) ? place(draft, "array", operand.kind) : castArray(draft, operand.kind)})`;
      default:
        return `${operand.sql} ${random.pick(["<", "<=", ">", ">="])} ${value()}`;
    }
  });
}
