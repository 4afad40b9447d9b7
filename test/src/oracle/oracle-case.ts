/**
 * A run of the oracle as data: everything that was done, in order, so that it can be done again, made smaller and kept as a regression.
 */
export interface OracleCase {
  /** What the case is about; regressions are named so. */
  readonly title: string;
  readonly seed: number;
  /** Makes types, tables and first rows. */
  readonly schema: readonly string[];
  readonly caches: readonly OracleCache[];
  readonly steps: readonly OracleStep[];
  /** Processes that serve clients, if more than one: asked is then one that does not have the caches. */
  readonly fronts?: number;
}

/** A place in a query's text: `{{n}}` stands for the nth one. */
export interface QueryParameter {
  /** One value, the members of an IN list, one array for `= ANY`, or a row count. */
  readonly form: "scalar" | "list" | "array" | "count";
  /** SQL type of a value. */
  readonly type: string;
  /** Whether its literals may stand without quotes. */
  readonly bare: boolean;
  /** Values to choose from. */
  readonly values: readonly string[];
}

export interface OracleQuery {
  /** SELECT … without ORDER BY, LIMIT and OFFSET. */
  readonly core: string;
  /** ORDER BY items over output columns `c1`, `c2`, … */
  readonly order: readonly string[];
  /** ORDER BY, LIMIT and OFFSET as the query has them; empty without. */
  readonly tail: string;
  readonly columns: number;
  readonly parameters: readonly QueryParameter[];
  /** Which of several equal numbers (1.0 and 1.00, 0 and -0) the answer shows is open. */
  readonly loose: boolean;
  /** What of the grammar it has; kept cases from before have none. */
  readonly features?: readonly string[];
}

/** The values of each parameter in one execution; null for NULL. One value unless it is a list or an array. */
export type ParameterValues = readonly (readonly (string | null)[])[];

export interface OracleCache {
  readonly name: string;
  readonly query: OracleQuery;
  /** With which literals the cache is created; null: with `$n`. */
  readonly literals: ParameterValues | null;
  readonly writeTo: string | null;
  /** The mode it is made in; absent: the one that Freshet chooses. */
  readonly mode?: "invalidate";
  /** Its bound; absent: none. */
  readonly maxBytes?: OracleBound;
}

/** `8kB` is soon full, so that keys are given up. */
export type OracleBound = "1MB" | "8kB";

/** How a query is asked. */
export interface AskMode {
  readonly protocol: "simple" | "extended";
  /** Whether values stand in the text or are bound. */
  readonly bound: boolean;
  readonly binaryValues: boolean;
  readonly resultFormats: readonly number[];
  /** Whether the statement is a named one, which lives as long as the session. */
  readonly named: boolean;
}

export type OracleStep =
  | { readonly kind: "transaction"; readonly statements: readonly string[] }
  | { readonly kind: "restart" }
  | { readonly kind: "kill" }
  | { readonly kind: "check"; readonly cache: string; readonly mode: AskMode; readonly values: ParameterValues }
  | { readonly kind: "check write-back"; readonly cache: string };
