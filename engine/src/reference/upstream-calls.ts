import { must } from "@freshet/base";
import type { MakeUpstreamCalls } from "@freshet/contract";
import type { Expression, UpstreamCallsPlan } from "@freshet/sql";
import { packRow, type Row } from "@freshet/values";
import { EvaluationError } from "../expression/evaluation-error.ts";

/** Value and failure of each of the plan's calls for one input row; every call by itself. */
export function upstreamResults(
  plan: UpstreamCallsPlan,
  make: MakeUpstreamCalls,
  valuesOf: (args: readonly Expression[]) => readonly (Buffer | null)[],
): readonly (Buffer | null)[] {
  const { role, searchPath } = plan;
  return plan.calls.flatMap(({ parts, args }) => {
    let list: Row;
    try {
      list = packRow(valuesOf(args));
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      return [null, Buffer.from(error.code)];
    }
    const argumentTypes = args.map((arg) => arg.type.typeOid);
    const outcome = must(make({ parts, argumentTypes, role, searchPath, lists: [list] })[0]);
    return "failure" in outcome ? [null, Buffer.from(outcome.failure)] : [outcome.value, null];
  });
}
