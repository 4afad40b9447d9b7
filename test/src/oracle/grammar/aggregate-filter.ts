import { randomCondition } from "./conditions.ts";
import type { Draft, Operand } from "./draft.ts";

/** ` FILTER (WHERE …)`, or nothing. */
export function randomFilter(draft: Draft, operands: readonly Operand[]): string {
  return draft.use("FILTER", 0.15) ? ` FILTER (WHERE ${randomCondition(draft, operands, false, 1)})` : "";
}
