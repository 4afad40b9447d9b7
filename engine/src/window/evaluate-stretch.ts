import { packRow } from "@freshet/values";
import { EvaluationError } from "../expression/evaluation-error.ts";
import type { CompiledCall, Evaluate, Stretch } from "./compiled-call.ts";

/** All calls' values at one row, packed; null: one of them fails. */
export type CallValues = Buffer | null;

function attempt(evaluations: readonly Evaluate[], row: number): CallValues {
  let failed = false;
  // Every call moves on to the row, also behind one that fails.
  const values = evaluations.map((evaluate) => {
    try {
      return evaluate(row);
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      failed = true;
      return null;
    }
  });
  return failed ? null : packRow(values);
}

/** The calls at the rows from `from` to before `to`, in order. */
export function* evaluateStretch(
  calls: readonly CompiledCall[],
  stretch: Stretch,
  from: number,
  to: number,
): Generator<CallValues, void> {
  if (from >= to) return;
  const evaluations = calls.map((call) => call.begin(stretch, from, to));
  for (let row = from; row < to; row++) yield attempt(evaluations, row);
}
