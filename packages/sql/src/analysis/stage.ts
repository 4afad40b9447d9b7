import type { Expression } from "../plan/expression.ts";
import type { Relation } from "./query-scope.ts";

/** The rows below the select list, and the select list and keys as expressions over them. */
export interface Stage {
  readonly relation: Relation;
  readonly targets: readonly Expression[];
  readonly keys: readonly Expression[];
  /** The GROUP BY expressions over the rows; null without aggregation. */
  readonly groups: readonly Expression[] | null;
}
