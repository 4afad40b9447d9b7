import { FrontendType, encodeQuery, encodeSync, frame } from "@freshet/wire";
import { expectation } from "./expected-responses.ts";
import type { Piece } from "./forwarding.ts";
import { ensureOnServer } from "./pooled-statements.ts";
import type { Pooling } from "./pooling.ts";
import type { PreparedStatement } from "./prepared-statement.ts";
import type { SessionState } from "./session-state.ts";

/** EXECUTE and DEALLOCATE call a statement by its name in SQL, where a server knows it by another one. */
const CALL = /^(\s*(?:deallocate(?:\s+prepare)?|execute)\s+)("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)/i;
const SYNC = encodeSync();

interface NamedCall {
  readonly statement: PreparedStatement;
  /** The text with another name in the place of the statement's. */
  readonly renamed: (name: string) => string;
}

/** The statement of the session's own that a text calls by name; null: none that servers know by another. */
export function namedCall(state: SessionState, text: string): NamedCall | null {
  const [whole = "", head = "", written = ""] = CALL.exec(text) ?? [];
  if (written === "" || state.status === "E") return null;
  const isQuoted = written.startsWith('"');
  const name = isQuoted ? written.slice(1, -1).replaceAll('""', '"') : written.toLowerCase();
  const statement = state.statements.get(name);
  if (statement?.body === undefined || statement.command !== null) return null;
  return { statement, renamed: (other) => `${head}"${other}"${text.slice(whole.length)}` };
}

/** A simple Query's message with the name on the server, where the statement is prepared first if it must be. */
export function renamedQuery(state: SessionState, pooling: Pooling, call: NamedCall): Piece {
  const wasForwarded = state.segment.forwarded;
  const name = ensureOnServer(state, pooling, call.statement);
  if (state.segment.forwarded && !wasForwarded) {
    state.upstream.message(SYNC);
    state.expected.forwarded(expectation("sync", { swallow: true }));
    state.segment.forwarded = false;
  }
  const buffer = encodeQuery(call.renamed(name));
  return {
    type: FrontendType.query,
    buffer,
    start: 0,
    end: buffer.length,
    first: true,
    last: true,
    size: buffer.length,
  };
}

/** The body of a Parse (behind its name) with the name on the server. */
export function renamedBody(state: SessionState, pooling: Pooling, call: NamedCall, body: Buffer): Buffer {
  const name = ensureOnServer(state, pooling, call.statement);
  const types = body.subarray(body.indexOf(0) + 1);
  return frame(FrontendType.parse, Buffer.from(`${call.renamed(name)}\0`), types).subarray(5);
}
