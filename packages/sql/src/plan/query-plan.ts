import type { ColumnType, PgCollation, PgType } from "@freshet/values";
import type { Expression } from "./expression.ts";
import type { Plan } from "./plan.ts";

/** A result column as RowDescription shows it. */
export interface ResultColumn extends ColumnType {
  readonly name: string;
  /** Origin for RowDescription; 0 when the column is not a plain table column. */
  readonly tableOid: number;
  readonly attribute: number;
  /** `pg_type.typlen`. */
  readonly typeLength: number;
}

/** A view parameter: one slot of the statement's shape, in slot order. */
export interface ViewParameter {
  readonly type: ColumnType;
  /** A list parameter is `col = ANY(list)`; several look-ups, answers joined. `type` is the element's. */
  readonly list: boolean;
}

export interface RangeBound {
  /** Index into `parameters`. */
  readonly parameter: number;
  readonly inclusive: boolean;
}

/** Order of the result; `column` is a column of `plan`'s output. */
export interface ViewSort {
  readonly column: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** A row count given in the statement: a constant of the cache, or a parameter read per execution. */
export type RowLimit = { readonly constant: number } | { readonly parameter: number };

/** Conditions over parameters that are no keys: only rows of the view that meet all of them are in an answer. */
export interface ReadConditions {
  /** Over the columns of the plan's output and parameters (`$n` is parameter n - 1), in order of evaluation. */
  readonly conditions: readonly Expression[];
  /** How many of the output's columns a view's row holds: the visible ones, and those that the conditions read. */
  readonly stored: number;
}

/** What the engine needs of one upstream table. */
export interface TableDependency {
  readonly tableOid: number;
  readonly schema: string;
  readonly name: string;
}

/** A SELECT privilege without which PostgreSQL would refuse the query. */
export interface RelationPrivilege {
  /** OID of a table or view. */
  readonly relation: number;
  /** Attributes to be read; 0 stands for "any column of the relation". */
  readonly attributes: readonly number[];
  /** Whose privilege it is: a role's (the owner of the view that reads the relation), or null: the reader's. */
  readonly role: number | null;
  /** Whether the reader's statement names the relation, so that the reader needs USAGE of its schema. */
  readonly named: boolean;
}

/**
 * A whole cacheable query. `plan` outputs the visible columns first, then hidden ones (parameter keys,
 * sort columns). Plain JSON.
 */
export interface QueryPlan {
  readonly plan: Plan;
  readonly result: readonly ResultColumn[];
  readonly parameters: readonly ViewParameter[];
  /** `output column = parameter`, in key order. A column appears once. */
  readonly equality: readonly { readonly column: number; readonly parameter: number }[];
  /** At most one range, on one output column; lies behind the equality columns in the view's key. */
  readonly range: {
    readonly column: number;
    readonly lower: RangeBound | null;
    readonly upper: RangeBound | null;
  } | null;
  readonly sort: readonly ViewSort[];
  /** Absent: every row of a key is in its answer. */
  readonly read?: ReadConditions;
  readonly limit: RowLimit | null;
  readonly offset: RowLimit | null;
  /** Of an aggregate without GROUP BY but with parameters: the packed visible row for keys never seen (base64); null else. */
  readonly missingKeyRow: string | null;
  /** Result columns that form a key of the result (for the write-back table's unique index); null when unknown. */
  readonly resultKey: readonly number[] | null;
  readonly tables: readonly TableDependency[];
  readonly privileges: readonly RelationPrivilege[];
  /** Functions outside pg_catalog that a reader needs EXECUTE on; absent: none. */
  readonly functions?: readonly number[];
  readonly types: readonly PgType[];
  readonly collations: readonly PgCollation[];
}
