import type { ColumnType } from "@freshet/values";
import type { AggregateCall } from "./aggregate-call.ts";
import type { Expression } from "./expression.ts";
import type { RowSource } from "./row-source.ts";
import type { SortKey } from "./sort-key.ts";
import type { UpstreamCall } from "./upstream-call.ts";
import type { WindowCall } from "./window.ts";

/**
 * Immutable relational algebra over multisets of packed rows. Plain JSON: equal sub-plans are those
 * with equal canonical JSON, and a plan read back from disk is the plan that was written.
 */
export type Plan =
  | ScanPlan
  | UnitPlan
  | FilterPlan
  | ProjectPlan
  | ExpandPlan
  | JoinPlan
  | AggregatePlan
  | DistinctPlan
  | UnionAllPlan
  | SetOperationPlan
  | TopKPlan
  | SingleRowPlan
  | WindowPlan
  | RecursivePlan
  | RecursiveInputPlan
  | UpstreamCallsPlan;

interface PlanBase {
  /** Types of the output row's columns. */
  readonly columns: readonly ColumnType[];
}

/** The rows of one upstream table, reduced to the named columns (in this order). */
export interface ScanPlan extends PlanBase {
  readonly kind: "scan";
  readonly tableOid: number;
  /** `pg_attribute.attnum` of each output column. */
  readonly attributes: readonly number[];
}

/** One row without columns. */
export interface UnitPlan extends PlanBase {
  readonly kind: "unit";
}

export interface FilterPlan extends PlanBase {
  readonly kind: "filter";
  readonly input: Plan;
  readonly predicate: Expression;
}

export interface ProjectPlan extends PlanBase {
  readonly kind: "project";
  readonly input: Plan;
  readonly expressions: readonly Expression[];
}

/**
 * Every input row once for each row that the sources make of it, side by side: a source that has run out is NULL. Output =
 * the input's columns, each source's columns and with `ordinality` the made row's number (int8), from 1.
 * Of made rows those remain for which `residual`, over the output, is true. With `outer` an input row without any
 * remains, with NULLs.
 */
export interface ExpandPlan extends PlanBase {
  readonly kind: "expand";
  readonly input: Plan;
  readonly sources: readonly RowSource[];
  readonly ordinality: boolean;
  readonly residual: Expression | null;
  readonly outer: boolean;
}

/**
 * Output = left columns then right columns. Rows meet where all key pairs are equal (NULL meets
 * nothing) and `residual`, over the concatenated row, is true. A left join pads its left rows that meet nothing
 * with NULLs, a full join the rows of either side.
 * With no keys every pair of rows meets. Key pairs have the same type on both sides. Where `nullSafe` is
 * true for a pair, NULL meets NULL.
 */
export interface JoinPlan extends PlanBase {
  readonly kind: "join";
  readonly join: "inner" | "left" | "full";
  readonly left: Plan;
  readonly right: Plan;
  readonly leftKeys: readonly Expression[];
  readonly rightKeys: readonly Expression[];
  readonly residual: Expression | null;
  /** One flag per key pair; absent: none is. */
  readonly nullSafe?: readonly boolean[];
}

/**
 * Output = group expressions then aggregates. Groups compare by SQL equality, NULLs equal.
 * `scalar`: no GROUP BY; exactly one row, also from no input.
 */
export interface AggregatePlan extends PlanBase {
  readonly kind: "aggregate";
  readonly input: Plan;
  readonly groups: readonly Expression[];
  readonly aggregates: readonly AggregateCall[];
  readonly scalar: boolean;
}

/** Each distinct row (by SQL equality, NULLs equal) once. */
export interface DistinctPlan extends PlanBase {
  readonly kind: "distinct";
  readonly input: Plan;
}

export interface UnionAllPlan extends PlanBase {
  readonly kind: "union-all";
  readonly inputs: readonly Plan[];
}

/**
 * Of l equal rows on the left and r on the right, min(l, r) or max(0, l - r) left rows with `all`, else one where l and
 * r are positive, or l is and r is not. Rows are equal by SQL equality, NULLs equal.
 */
export interface SetOperationPlan extends PlanBase {
  readonly kind: "set-operation";
  readonly operation: "intersect" | "except";
  readonly all: boolean;
  readonly left: Plan;
  readonly right: Plan;
}

/**
 * Per partition, the rows at ranks [offset, offset + limit) under `sort`, in the order of row bytes among equals; with
 * `ties` also the rows behind them that are equal to the last one.
 */
export interface TopKPlan extends PlanBase {
  readonly kind: "top-k";
  readonly input: Plan;
  readonly partition: readonly Expression[];
  readonly sort: readonly SortKey[];
  /** Null: no limit. */
  readonly limit: number | null;
  readonly offset: number;
  readonly ties?: true;
}

/**
 * Per partition its first row in the order of row bytes, followed by a boolean: whether the partition has more
 * than that one. Partitions compare by SQL equality, NULLs equal. The rows of a scalar subquery.
 */
export interface SingleRowPlan extends PlanBase {
  readonly kind: "single-row";
  readonly input: Plan;
  readonly partition: readonly Expression[];
}

/**
 * Output = input columns, then one column for each call. Partitions compare by SQL equality, NULLs equal; rows that
 * `sort` leaves tied (peers) stand in the order of row bytes. Without `sort` all rows of a partition are peers.
 */
export interface WindowPlan extends PlanBase {
  readonly kind: "window";
  readonly input: Plan;
  readonly partition: readonly Expression[];
  readonly sort: readonly SortKey[];
  readonly calls: readonly WindowCall[];
}

/**
 * WITH RECURSIVE. `inputs` are the non-recursive term, then what the recursive term reads beside the result itself;
 * `body` is the recursive term over them, which it has as `recursive-input` leaves. With `all` the result is the rows of the
 * first input, of the body over these, of the body over those and so on; else each distinct row of them once.
 * The body is linear in the result: it reads it once, through filters, projections, inner joins and the like.
 */
export interface RecursivePlan extends PlanBase {
  readonly kind: "recursive";
  readonly inputs: readonly Plan[];
  readonly body: Plan;
  readonly all: boolean;
}

/** In the body of a recursive plan: its result so far (input 0), or one of its other inputs. `name`: of the CTE. */
export interface RecursiveInputPlan extends PlanBase {
  readonly kind: "recursive-input";
  readonly input: number;
  readonly name: string;
}

/**
 * Output = input columns, then for each call its value and its failure (a text: the SQLSTATE; NULL where it did not fail), of
 * which one is NULL. PostgreSQL makes the calls, as `role` and with unqualified names looked up in `searchPath`.
 */
export interface UpstreamCallsPlan extends PlanBase {
  readonly kind: "upstream-calls";
  readonly input: Plan;
  readonly calls: readonly UpstreamCall[];
  readonly role: string;
  readonly searchPath: readonly string[];
}
