import { UnliftableParameter, unsupported } from "./unsupported.ts";
import type { TreeNode } from "./node-tree.ts";

const SELECT_COMMAND = 1;

const REFUSED_FLAGS: readonly (readonly [flag: string, reason: string])[] = [
  ["hasModifyingCTE", "it changes data"],
  ["hasForUpdate", "FOR UPDATE and its like lock rows"],
];

/** Refuses the clauses that the algebra lacks. */
export function checkQuery(query: TreeNode): void {
  if (query.type !== "QUERY" || query.int("commandType") !== SELECT_COMMAND)
    throw unsupported("it is not a plain SELECT");
  for (const [flag, reason] of REFUSED_FLAGS) {
    if (query.flag(flag)) throw unsupported(reason);
  }
  if (query.flag("hasWindowFuncs") && query.flag("hasTargetSRFs"))
    throw unsupported("functions that return sets beside window functions are not supported");
  if (query.nodes("rowMarks").length > 0) throw unsupported("FOR UPDATE and its like lock rows");
}

/** Why a parameter cannot be the key of a view whose rows are made of many input rows. */
export function mergesKeys(parameter: number, what: string): UnliftableParameter {
  return new UnliftableParameter(parameter, `selects several keys, whose answers ${what} would have to merge`);
}
