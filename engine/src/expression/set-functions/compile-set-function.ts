import type { SetFunctionCall } from "@freshet/sql";
import type { CodecSet } from "@freshet/values";
import { checkConstantPath } from "../constant-patterns.ts";
import { callName, requireCodec, unsupported } from "../unsupported.ts";
import { unnest, unnestRanges } from "./array-sets.ts";
import { findRowSetFunction, findSetFunction } from "./registry.ts";

type Bytes = readonly (Buffer | null)[];

/** Maps the arguments' binary forms to the set's rows. What it throws is EvaluationError. */
export type CompiledSetFunction = (args: Bytes) => Iterable<Bytes>;

/** Compiles a call; a FreshetError (0A000) names what is not supported. */
export function compileSetFunction(call: SetFunctionCall, codecs: CodecSet): CompiledSetFunction {
  const argTypes = call.args.map((arg) => arg.type);
  const [results, inputs] = [call.columns, argTypes].map((types) => types.map((type) => requireCodec(type, codecs)));
  // Elements pass through as they are.
  if (call.name === "array_unnest") return ([array]) => (array === null || array === undefined ? [] : unnest(array));
  if (call.name === "multirange_unnest") return ([ranges]) => (ranges ? unnestRanges(ranges) : []);
  const single = findSetFunction(call.name, call.inputCollation);
  const several = findRowSetFunction(call.name);
  if (results === undefined || inputs === undefined || (single === undefined && several === undefined))
    throw unsupported(callName(call.name, argTypes, codecs));
  const path = call.args[1];
  if (call.name === "jsonb_path_query" && path?.kind === "constant" && path.value !== null)
    checkConstantPath(requireCodec(path.type, codecs).decode(Buffer.from(path.value, "latin1")) as string);
  return function* rows(args) {
    const values = args.map((bytes, index) => (bytes === null ? null : (inputs[index]?.decode(bytes) ?? null)));
    if (several !== undefined) {
      for (const row of several(...values))
        yield row.map((value, index) => (value === null ? null : (results[index]?.encode(value) ?? null)));
    } else if (single !== undefined) {
      for (const value of single(...values)) yield [value === null ? null : (results[0]?.encode(value) ?? null)];
    }
  };
}
