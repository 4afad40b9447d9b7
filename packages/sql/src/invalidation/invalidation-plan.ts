import type { RelationPrivilege, TableDependency } from "../plan/query-plan.ts";
import type { DescribedColumn } from "../analysis/analysis-connection.ts";
import type { Literal } from "../statement/shape.ts";

/**
 * Which texts PostgreSQL reads as one and the same value of a type at any time: `any`; `plain` ones alone, without
 * the words that stand for the current date or time; or `none` that is surely so (its binary form only).
 */
export type TextInput = "any" | "plain" | "none";

/** What a statement may hold in a slot for the plan to be its plan, too. */
export interface InvalidationSlot {
  /** The type of a parameter (or of a list's members) in the slot's place; null where PostgreSQL infers none. */
  readonly typeOid: number | null;
  /** Kinds of the literals that the planned statement holds there. */
  readonly literalKinds: readonly Literal["kind"][];
}

/** When an answer ends to be right by itself. */
export type Expiry = "never" | "midnight";

/**
 * A deterministic SELECT as mode `invalidate` needs to know it: what its answer depends on. Plain JSON.
 */
export interface InvalidationPlan {
  readonly shapeKey: string;
  /** One per slot of the shape. */
  readonly slots: readonly InvalidationSlot[];
  /** Types of the statement's own `$n`, as PostgreSQL inferred them. */
  readonly parameterTypes: readonly number[];
  /** Of every type that a parameter or literal in a slot may have. */
  readonly textInputs: readonly (readonly [typeOid: number, input: TextInput])[];
  readonly result: readonly DescribedColumn[];
  /** Tables whose changes may change the answer. */
  readonly tables: readonly TableDependency[];
  readonly privileges: readonly RelationPrivilege[];
  /** Functions outside pg_catalog that a reader needs EXECUTE on. */
  readonly functions: readonly number[];
  readonly expiry: Expiry;
}
