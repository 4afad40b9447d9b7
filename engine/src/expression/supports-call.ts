import { FreshetError } from "@freshet/base";
import type { CallExpression, Expression } from "@freshet/sql";
import { type CodecSet, createCodecs, type PgType } from "@freshet/values";
import { compileExpression } from "./compile.ts";

let last: { readonly types: readonly PgType[]; readonly codecs: CodecSet } | null = null;

/** Codecs for the types of the plan that is being made. */
function codecsOf(types: readonly PgType[]): CodecSet {
  if (last?.types !== types) last = { types, codecs: createCodecs(types) };
  return last.codecs;
}

/** Whether the engine computes the call, with its constants and whatever stands for its other arguments. */
export function supportsCall(call: CallExpression, types: readonly PgType[]): boolean {
  const args = call.args.map((arg, index): Expression => {
    return arg.kind === "constant" ? arg : { kind: "column", index, type: arg.type };
  });
  try {
    compileExpression({ ...call, args }, { columns: call.args.map((arg) => arg.type), codecs: codecsOf(types) });
    return true;
  } catch (thrown) {
    if (thrown instanceof FreshetError) return false;
    throw thrown;
  }
}
