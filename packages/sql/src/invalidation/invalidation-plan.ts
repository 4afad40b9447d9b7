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

/** `column operator slot`, for a slot with several values: with one of them. Both sides have the type given. */
export interface GuardCondition {
  readonly column: string;
  readonly typeOid: number;
  readonly operator: "=" | "<" | "<=" | ">" | ">=";
  /** Index of the shape's slot. */
  readonly slot: number;
}

/**
 * Which rows of a table have a part in the answer: those that meet all conditions of one of the references. A change of
 * other rows does not change it.
 */
export interface TableGuard {
  readonly tableOid: number;
  readonly references: readonly (readonly GuardCondition[])[];
}

/** When an answer ends to be right by itself, but for its thresholds. */
export type Expiry = "never" | "midnight";

/** A moment that moves with the clock: the current time with intervals added to it, one after the other. */
export interface ClockMoment {
  /** timestamptz, timestamp in the session's time zone, timestamp in a zone that is given. */
  readonly base: "now" | "local" | "zone";
  readonly zone?: string;
  /** `-7 days`: a whole number of months, days, hours, minutes or microseconds each. */
  readonly offsets: readonly string[];
}

/** A column that is compared with the clock: the answer changes when the moment passes the value of one of its rows. */
export interface ClockThreshold {
  /** With schema; both as SQL writes them. */
  readonly table: string;
  readonly column: string;
  /** Without the tables that inherit from it. */
  readonly only: boolean;
  /** Whether the two are compared as points in time, or as dates and times of day. */
  readonly absolute: boolean;
  readonly moment: ClockMoment;
}

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
  /** For the tables of which not every row matters. */
  readonly guards: readonly TableGuard[];
  readonly privileges: readonly RelationPrivilege[];
  /** Functions outside pg_catalog that a reader needs EXECUTE on. */
  readonly functions: readonly number[];
  /** The labels of the enums that it deals with, as JSON. */
  readonly enums: readonly (readonly [typeOid: number, labels: string])[];
  readonly expiry: Expiry;
  readonly thresholds: readonly ClockThreshold[];
}
