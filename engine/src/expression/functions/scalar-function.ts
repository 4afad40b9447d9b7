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
