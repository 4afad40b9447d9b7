import type { FreshetError } from "@freshet/base";
import { toFreshetError } from "@freshet/wire";
import type { Answer, Miss } from "./front-ports.ts";
import type { SessionState } from "./session-state.ts";

/**
 * Waits for a decision (strong consistency, a session's own writes, a first look at privileges) unless the client cancels it: then the error is the
 * outcome, and what is decided later is dropped. The decision itself never rejects.
 */
export function cancellable(
  state: SessionState,
  decision: Promise<Answer | Miss>,
): Promise<Answer | Miss | FreshetError> {
  const interruption = new AbortController();
  const { signal } = interruption;
  state.interruption = interruption;
  const cancelled = new Promise<FreshetError>((resolve) => {
    signal.addEventListener("abort", () => resolve(toFreshetError(signal.reason)), { once: true });
  });
  return Promise.race([decision, cancelled]).finally(() => {
    if (state.interruption === interruption) state.interruption = null;
  });
}
