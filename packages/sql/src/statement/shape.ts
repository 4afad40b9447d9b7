import type { SessionEffects } from "./session-effects.ts";

/** A literal as it stands in a statement's text, before any type is known. */
export interface Literal {
  readonly kind: "integer" | "decimal" | "string" | "boolean" | "null";
  /** The value's text: digits with sign, the string's contents, `true`/`false`; empty for null. */
  readonly text: string;
}

/** What stands in a slot of one statement: a literal or the client's parameter `$number` (1-based). */
export type SlotItem =
  | { readonly kind: "literal"; readonly literal: Literal }
  | { readonly kind: "parameter"; readonly number: number };

/**
 * A place of a SELECT that may become a view parameter: `col = x`, `col IN (x, …)`, `col = ANY(x)`,
 * `col < x` (and <=, >, >=, BETWEEN) among the top-level AND conjuncts of the outermost WHERE, or with `$n`
 * of the ON of its inner joins, the LIMIT and the OFFSET; and every `$n` elsewhere. Slots are numbered by their place in the text.
 */
export interface Slot {
  readonly role: "equality" | "list" | "array" | "range" | "limit" | "offset" | "other";
  /** One item; for `list` one or more. `array` is `= ANY($n)`: one parameter that holds an array. */
  readonly items: readonly SlotItem[];
  /** Byte range [start, end) of the slot in the statement's UTF-8 text (of a list: the parenthesised list). */
  readonly start: number;
  readonly end: number;
  /** Of a list: where the whole `IN (…)` begins, at its IN keyword. */
  readonly listStart?: number;
}

/** A SELECT with its slots taken out. */
export interface SelectShape {
  /** Equal exactly for statements that differ at most in what their slots hold (and in white space, comments, case of keywords); the slots come in the same order then. */
  readonly shapeKey: string;
  readonly slots: readonly Slot[];
  /** Highest `$n` in the text. */
  readonly parameterCount: number;
  /** The statement's text (without a trailing semicolon), which the slots' ranges refer to. */
  readonly text: string;
}

/** What one query string is, as far as routing needs to know. */
export interface StatementInfo {
  readonly kind: "empty" | "invalid" | "multiple" | "select" | "freshet" | "transaction" | "set" | "write" | "utility";
  /** Only for a single plain SELECT (no FOR UPDATE, INTO, data-modifying CTE). */
  readonly shape: SelectShape | null;
  /**
   * True when running it can change neither data nor the session's state: a SELECT that calls only
   * built-in functions known to be harmless. Everything unknown is false.
   */
  readonly pure: boolean;
  /** True for statements that may change the schema or privileges (DDL, GRANT, DO, CALL …). */
  readonly changesSchema: boolean;
  /** What it may leave behind in its session. */
  readonly effects: SessionEffects;
  /** Text with literals replaced by `$n`, for SHOW PROXIED QUERIES. */
  readonly normalized: string;
  /** `q_` and 16 hex digits: names the normalised query. */
  readonly queryId: string;
}
