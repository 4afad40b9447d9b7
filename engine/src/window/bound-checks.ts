import type { CompiledCall } from "./compiled-call.ts";
import { checkBounds, type CompiledFrame } from "./frame.ts";

/** The evaluation, failing at the rows for which a bound of the frame cannot be computed. */
export function withBoundChecks(frame: CompiledFrame, begin: CompiledCall["begin"]): CompiledCall["begin"] {
  if (frame.start.check === null && frame.end.check === null) return begin;
  return (stretch, from, to) => {
    const evaluate = begin(stretch, from, to);
    return (row) => {
      // Evaluated first: it must move on to the row in any case.
      const value = evaluate(row);
      checkBounds(frame, stretch.rows.sortValue(row));
      return value;
    };
  };
}
