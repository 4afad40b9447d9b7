import type { CodecSet, ColumnType, Value } from "@freshet/values";

/**
 * A strict immutable built-in: called with as many values as it has arguments, none of them NULL.
 * A method, so that an implementation may name the value types that pg_proc promises for its arguments.
 */
export interface ScalarFunction {
  call(...args: readonly Value[]): Value | null;
}

export type ScalarImplementation = ScalarFunction["call"];

/** Implementations by C symbol (`pg_proc.prosrc`). */
export type FunctionTable = Readonly<Record<string, ScalarImplementation>>;

/** Makes the implementation for the argument types of one call; undefined when a type has no codec. */
export type FunctionBuilder = (argTypes: readonly ColumnType[], codecs: CodecSet) => ScalarImplementation | undefined;

/** A built-in that PostgreSQL calls with NULLs too (`pg_proc.proisstrict` is false). */
export interface NullableFunction {
  call(...args: readonly (Value | null)[]): Value | null;
}

export type NullableImplementation = NullableFunction["call"];

/** Like FunctionBuilder, for functions that are called with NULLs. */
export type NullableBuilder = (argTypes: readonly ColumnType[], codecs: CodecSet) => NullableImplementation | undefined;
