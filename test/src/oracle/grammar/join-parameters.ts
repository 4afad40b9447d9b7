import { type Draft, keyOperands, type Operand } from "./draft.ts";
import { keyCondition } from "./parameters.ts";

/** More of an inner join's ON: conditions on parameters, which are what they would be in WHERE. */
export function randomJoinParameters(draft: Draft, operands: readonly Operand[]): string {
  const { random } = draft;
  const usable = keyOperands(random, operands).filter(({ kind }) => kind.family !== "json" && kind.family !== "array");
  if (draft.wishes.forTable || usable.length === 0 || !draft.use("parameter in ON", 0.08)) return "";
  const conditions = Array.from({ length: random.integer(1, 2) }, () =>
    keyCondition(draft, random.pick(usable), random.chance(0.4)),
  );
  return ` AND ${conditions.join(" AND ")}`;
}
