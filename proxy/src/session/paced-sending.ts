import { encodeErrorResponse, toFreshetError } from "@freshet/wire";
import { flushUpstream } from "./forwarding.ts";
import type { SessionState } from "./session-state.ts";

/** How sending has ended: `over` when the session, or an error before it, has ended the segment; or the error to be sent of a client that cancelled. */
type Sent = "sent" | "over" | { readonly error: Buffer };

/**
 * Sends pieces of a large answer one by one in its turn, each when the client has taken what was sent before. Nothing else of the client's is looked at
 * meanwhile. It may cancel the rest, between pieces.
 */
export async function sendPaced(state: SessionState, pieces: Iterable<Buffer>): Promise<Sent> {
  const { segment, expected, client } = state;
  const interruption = new AbortController();
  const { signal } = interruption;
  state.interruption = interruption;
  try {
    if (!expected.idle) {
      flushUpstream(state);
      state.upstream.flush();
      await expected.whenIdle();
    }
    for (const piece of pieces) {
      if (state.closed || segment.failed) return "over";
      if (signal.aborted) return { error: encodeErrorResponse(toFreshetError(signal.reason)) };
      expected.local(piece);
      // What a replica's answer is held back with leaves with it.
      if (state.replicaRead?.isHolding === true) continue;
      client.flush();
      await client.taken(signal);
    }
    return state.closed || segment.failed ? "over" : "sent";
  } finally {
    if (state.interruption === interruption) state.interruption = null;
  }
}
