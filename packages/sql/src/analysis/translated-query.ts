import type { Plan } from "../plan/plan.ts";
import type { ReadConditions, RowLimit, ViewSort } from "../plan/query-plan.ts";
import type { LiftedConditions } from "./lift-parameters.ts";

/** One query level, translated. */
export interface TranslatedQuery {
  /** Visible columns first, then hidden ones: sort columns, keys of lifted parameters. */
  readonly plan: Plan;
  readonly visible: number;
  /** Column of `plan` for each lifted equality, and for the range. */
  readonly equalityColumns: readonly number[];
  readonly rangeColumn: number | null;
  readonly lifted: LiftedConditions;
  /** Conditions that are looked at when the view is read; null: none. */
  readonly read: ReadConditions | null;
  readonly sort: readonly ViewSort[];
  readonly limit: RowLimit | null;
  readonly offset: RowLimit | null;
  readonly resultKey: readonly number[] | null;
  /** An aggregate without GROUP BY, which has one row also from no input. */
  readonly scalar: boolean;
}
