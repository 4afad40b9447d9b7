import type { Expression } from "../plan/expression.ts";
import type { Plan } from "../plan/plan.ts";
import type { RowLimit, ViewSort } from "../plan/query-plan.ts";
import type { Catalog } from "./catalog.ts";
import type { LiftedConditions } from "./lift-parameters.ts";
import type { TreeNode } from "./node-tree.ts";
import type { RelationPrivileges } from "./relation-privileges.ts";
import type { QueryScope, Relation } from "./query-scope.ts";

/** What translating one statement shares between its query levels. */
export interface TranslationContext {
  readonly catalog: Catalog;
  readonly privileges: RelationPrivileges;
  /** Plans a recursive CTE of the query `owner`. */
  readonly planRecursive: (cte: TreeNode, owner: QueryScope, context: TranslationContext) => Plan;
  /** Translates a nested SELECT. */
  readonly translateQuery: (query: TreeNode, context: TranslationContext, options: QueryOptions) => TranslatedQuery;
}

/** One query level, translated. */
export interface TranslatedQuery {
  /** Visible columns first, then hidden ones: sort columns, keys of lifted parameters. */
  readonly plan: Plan;
  readonly visible: number;
  /** Column of `plan` for each lifted equality, and for the range. */
  readonly equalityColumns: readonly number[];
  readonly rangeColumn: number | null;
  readonly lifted: LiftedConditions;
  readonly sort: readonly ViewSort[];
  readonly limit: RowLimit | null;
  readonly offset: RowLimit | null;
  readonly resultKey: readonly number[] | null;
  /** An aggregate without GROUP BY, which has one row also from no input. */
  readonly scalar: boolean;
}

export interface QueryOptions {
  readonly parent: QueryScope | null;
  /** The outermost query: its parameters are lifted. */
  readonly top: boolean;
  /** A subquery whose order counts: the columns that it is sorted by come behind the visible ones. */
  readonly ordered?: boolean;
  /** Positions (from 1) of the result columns that are used; null: all. */
  readonly used: ReadonlySet<number> | null;
}

/** The rows below the select list, and the select list and keys as expressions over them. */
export interface Stage {
  readonly relation: Relation;
  readonly targets: readonly Expression[];
  readonly keys: readonly Expression[];
  /** The GROUP BY expressions over the rows; null without aggregation. */
  readonly groups: readonly Expression[] | null;
}
