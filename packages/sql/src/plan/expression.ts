import type { ColumnType, TimeZoneTable } from "@freshet/values";

/**
 * A scalar expression over one input row, with every name, type and function resolved by PostgreSQL.
 * `type` is the result's type. NULL semantics are PostgreSQL's.
 */
export type Expression =
  | ColumnExpression
  | ConstantExpression
  | ParameterExpression
  | CallExpression
  | LogicExpression
  | NullTestExpression
  | BooleanTestExpression
  | DistinctFromExpression
  | CaseExpression
  | CoalesceExpression
  | NullIfExpression
  | MinMaxExpression
  | AnyAllExpression
  | TextCastExpression
  | OuterExpression
  | OneRowExpression
  | UpstreamExpression
  | CalledExpression;

/** Column `index` of the operator's input row. */
export interface ColumnExpression {
  readonly kind: "column";
  readonly index: number;
  readonly type: ColumnType;
}

/** A constant; `value` is latin1-encoded binary send format, so that plans stay JSON; null for NULL. */
export interface ConstantExpression {
  readonly kind: "constant";
  readonly value: string | null;
  readonly type: ColumnType;
}

/** Statement parameter `number` (1-based). Never reaches the engine: lifting removes it. */
export interface ParameterExpression {
  readonly kind: "parameter";
  readonly number: number;
  readonly type: ColumnType;
}

/**
 * A call of a built-in IMMUTABLE function, also behind operators and casts. `name` is the function's
 * C symbol (`pg_proc.prosrc`, e.g. `int4pl`, `texteq`, `numeric_add`), unique among built-ins.
 * The constructor of one-dimensional arrays, `ARRAY[…]`, is a call too: of `ARRAY`, with functionOid 0.
 */
export interface CallExpression {
  readonly kind: "call";
  readonly name: string;
  readonly functionOid: number;
  /** True when any NULL argument makes the result NULL without a call (`pg_proc.proisstrict`). */
  readonly strict: boolean;
  /** Collation the function works under; 0 for none. */
  readonly inputCollation: number;
  readonly args: readonly Expression[];
  readonly type: ColumnType;
  /** The offsets of the zone that a constant argument names, where it has more than one. */
  readonly zone?: TimeZoneTable;
}

export interface LogicExpression {
  readonly kind: "and" | "or" | "not";
  readonly args: readonly Expression[];
  readonly type: ColumnType;
}

export interface NullTestExpression {
  readonly kind: "is-null" | "is-not-null";
  readonly arg: Expression;
  readonly type: ColumnType;
}

export interface BooleanTestExpression {
  readonly kind: "is-true" | "is-not-true" | "is-false" | "is-not-false" | "is-unknown" | "is-not-unknown";
  readonly arg: Expression;
  readonly type: ColumnType;
}

/** `left IS DISTINCT FROM right`; `equality` is the C symbol of the equality function. */
export interface DistinctFromExpression {
  readonly kind: "distinct-from";
  readonly equality: string;
  readonly inputCollation: number;
  readonly left: Expression;
  readonly right: Expression;
  readonly type: ColumnType;
}

/** Searched CASE: the first arm whose condition is true, else `otherwise` (NULL when absent). Lazy. */
export interface CaseExpression {
  readonly kind: "case";
  readonly arms: readonly { readonly when: Expression; readonly then: Expression }[];
  readonly otherwise: Expression | null;
  readonly type: ColumnType;
}

/** The first argument that is not NULL; lazy. */
export interface CoalesceExpression {
  readonly kind: "coalesce";
  readonly args: readonly Expression[];
  readonly type: ColumnType;
}

export interface NullIfExpression {
  readonly kind: "nullif";
  readonly equality: string;
  readonly inputCollation: number;
  readonly left: Expression;
  readonly right: Expression;
  readonly type: ColumnType;
}

/** GREATEST or LEAST by the type's btree order; NULL arguments are ignored. */
export interface MinMaxExpression {
  readonly kind: "greatest" | "least";
  readonly inputCollation: number;
  readonly args: readonly Expression[];
  readonly type: ColumnType;
}

/** `left op ANY (array)` or `left op ALL (array)`; `name` is the operator's function symbol. */
export interface AnyAllExpression {
  readonly kind: "any" | "all";
  readonly name: string;
  readonly inputCollation: number;
  readonly left: Expression;
  readonly array: Expression;
  readonly type: ColumnType;
}

/** A cast through the types' text forms (CoerceViaIO), only where both are free of session settings. */
export interface TextCastExpression {
  readonly kind: "text-cast";
  readonly arg: Expression;
  readonly type: ColumnType;
}

/**
 * A column of a row around the subquery that the expression stands in; `index` is that column's symbol.
 * Never reaches the engine: decorrelation removes it.
 */
export interface OuterExpression {
  readonly kind: "outer";
  readonly index: number;
  readonly type: ColumnType;
}

/** The value of a scalar subquery; fails where `more` is true: the subquery has more than one row. Lazy. */
export interface OneRowExpression {
  readonly kind: "one-row";
  readonly more: Expression;
  readonly value: Expression;
  readonly type: ColumnType;
}

/** A function as it was when the plan was made. */
export interface UpstreamFunction {
  readonly oid: number;
  /** With its schema, quoted where SQL needs it. */
  readonly name: string;
  /** Digest of its definition, and of those that it is known to call. */
  readonly definition: string;
  /** `pg_proc.procost`. */
  readonly cost: number;
}

/**
 * What PostgreSQL itself computes: SQL text with a value of `args` between each two `parts`, an IMMUTABLE function of
 * these. Never reaches the engine as an expression: lifting makes it a call of an `upstream-calls` node.
 */
export interface UpstreamExpression {
  readonly kind: "upstream";
  readonly parts: readonly string[];
  readonly args: readonly Expression[];
  readonly functions: readonly UpstreamFunction[];
  readonly type: ColumnType;
}

/** The result of an upstream call; fails with the SQLSTATE that `failure` holds, unless that is NULL. Lazy. */
export interface CalledExpression {
  readonly kind: "called";
  readonly failure: Expression;
  readonly value: Expression;
  readonly type: ColumnType;
}
