import { encodeExecute } from "@freshet/wire";
import { expectation } from "./expected-responses.ts";
import type { SessionState } from "./session-state.ts";

/** Names a portal that nobody has, so that executing it fails. */
const FAILING_EXECUTE = encodeExecute("freshet_failed_segment");

/**
 * Ends the segment with an error of Freshet's own; the rest up to Sync is skipped. What the segment has
 * already sent upstream outside a transaction block must be rolled back as PostgreSQL would: the
 * upstream is made to fail too, and its error replaced.
 */
export function failSegment(state: SessionState, error: Buffer): void {
  state.segment.failed = true;
  if (!state.segment.impure || state.status !== "I") {
    state.expected.local(error);
    return;
  }
  state.upstream.message(FAILING_EXECUTE);
  state.expected.forwarded(expectation("execute", { replacement: error }));
}
