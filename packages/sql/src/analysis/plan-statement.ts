import type { Literal } from "../statement/shape.ts";
import type { QueryPlan } from "../plan/query-plan.ts";

/** What to plan. */
export interface PlanRequest {
  /** One SELECT. */
  readonly text: string;
  /** Schemas that unqualified names are looked up in (the creating session's `current_schemas(false)`). */
  readonly searchPath: readonly string[];
  /** False for write-back caches: literals stay constants, and explicit parameters are refused. */
  readonly liftLiterals: boolean;
}

/** How a slot of the statement's shape is served. */
export type SlotBinding =
  /** Becomes view parameter `parameter`. */
  | { readonly kind: "parameter"; readonly parameter: number }
  /** Stays what it is: a statement matches only with the same items. */
  | { readonly kind: "fixed"; readonly items: readonly Literal[] };

export interface PlannedStatement {
  readonly plan: QueryPlan;
  readonly shapeKey: string;
  /** One per slot of the shape. */
  readonly slots: readonly SlotBinding[];
  /** Types of the statement's own `$n`, as PostgreSQL inferred them, for ParameterDescription. */
  readonly parameterTypes: readonly number[];
  /** Notes for EXPLAIN CREATE CACHE, e.g. why a literal was not lifted. */
  readonly notes: readonly string[];
}
