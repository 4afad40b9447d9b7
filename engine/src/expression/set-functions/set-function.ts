import type { Value } from "@freshet/values";

/**
 * A built-in that returns a set, of one column. Called without NULLs if it is strict. A method, so that an
 * implementation may name the value types that pg_proc promises for its arguments.
 */
export interface SetFunction {
  call(...args: readonly (Value | null)[]): Iterable<Value | null>;
}

/** One that returns rows of several columns. */
export interface RowSetFunction {
  call(...args: readonly (Value | null)[]): Iterable<readonly (Value | null)[]>;
}

/** Implementations by C symbol (`pg_proc.prosrc`). */
export type SetFunctionTable = Readonly<Record<string, SetFunction["call"]>>;

export type RowSetFunctionTable = Readonly<Record<string, RowSetFunction["call"]>>;
