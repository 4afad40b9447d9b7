import type { ColumnType } from "@freshet/values";
import type { Expression } from "./expression.ts";

/** What makes rows of one input row; its expressions are over that row's columns. */
export type RowSource = WrittenRows | SetFunctionCall;

/** Rows written out, as in VALUES. */
export interface WrittenRows {
  readonly kind: "rows";
  readonly rows: readonly (readonly Expression[])[];
  readonly columns: readonly ColumnType[];
}

/** A call of a built-in IMMUTABLE function that returns a set. */
export interface SetFunctionCall {
  readonly kind: "function";
  /** The function's C symbol (`pg_proc.prosrc`). */
  readonly name: string;
  /** True when any NULL argument makes the result empty without a call. */
  readonly strict: boolean;
  readonly inputCollation: number;
  readonly args: readonly Expression[];
  readonly columns: readonly ColumnType[];
}

/** The expressions of a source. */
export function sourceExpressions(source: RowSource): readonly Expression[] {
  return source.kind === "rows" ? source.rows.flat() : source.args;
}

/** The source with its expressions mapped. */
export function mapSource(source: RowSource, map: (expression: Expression) => Expression): RowSource {
  if (source.kind === "rows") return { ...source, rows: source.rows.map((row) => row.map(map)) };
  return { ...source, args: source.args.map(map) };
}
