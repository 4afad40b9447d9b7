import type { ColumnType } from "@freshet/values";
import type { Expression, UpstreamExpression } from "./expression.ts";
import type { Plan, UpstreamCallsPlan } from "./plan.ts";
import type { UpstreamCall } from "./upstream-call.ts";

/** The type of a call's failure. */
export const FAILURE_TYPE: ColumnType = { typeOid: 25, typmod: -1, collation: 0 };

/** Whose calls they are, and how they resolve names. */
export type CallEnvironment = Pick<UpstreamCallsPlan, "role" | "searchPath">;

export function upstreamCallsPlan(
  input: Plan,
  calls: readonly UpstreamCall[],
  environment: CallEnvironment,
): UpstreamCallsPlan {
  const made = calls.flatMap((call) => [call.type, FAILURE_TYPE]);
  const { role, searchPath } = environment;
  return { kind: "upstream-calls", input, calls, role, searchPath, columns: [...input.columns, ...made] };
}

/** The call as SQL, with `show` for its arguments. */
export function callText(
  call: Pick<UpstreamExpression, "parts" | "args">,
  show: (arg: Expression, index: number) => string,
): string {
  return call.parts.reduce((text, part, index) => {
    const arg = call.args[index - 1];
    return text + (arg === undefined ? "" : show(arg, index - 1)) + part;
  }, "");
}
