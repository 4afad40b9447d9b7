import { BackendType, type MessageScanner, decodeCommandComplete, encodeFlush, encodeSync } from "@freshet/wire";
import { type ExpectationKind, type UpstreamExpectation, expectation, runExpectation } from "./expected-responses.ts";
import type { Miss, PreparedRoute } from "./front-ports.ts";
import type { PreparedStatement } from "./prepared-statement.ts";
import type { SessionState } from "./session-state.ts";

/** The present piece of the client's stream. */
export type Piece = Pick<MessageScanner, "type" | "buffer" | "start" | "end" | "first" | "last" | "size">;
/** The same with a look at what comes behind it. */
export type IncomingPiece = Piece & Pick<MessageScanner, "isNext" | "skip">;

const FLUSH = encodeFlush();
const SYNC = encodeSync();
/** Statements that see, make or drop the session's prepared statements by name. */
const NAMES_PREPARED = /\b(deallocate|discard|execute|prepare|pg_prepared_statements?)\b/i;

/** Sends the client's message as it is and notes what it will bring back. */
export function forward(
  state: SessionState,
  piece: Piece,
  kind: ExpectationKind,
  special?: Partial<UpstreamExpectation>,
): void {
  relay(state, piece);
  state.segment.forwarded = true;
  state.expected.forwarded(expectation(kind, special));
}

/** Runs `work` when messages may go upstream, for which a pooled session may have to wait. */
export function whenAttached(state: SessionState, work: () => void | Promise<void>): void | Promise<void> {
  const attaching = state.attach();
  return attaching === null ? work() : attaching.then(() => (state.closed ? undefined : work()));
}

/** Sends bytes that have no response of their own. */
export function relay(state: SessionState, piece: Piece): void {
  state.upstream.range(piece.buffer, piece.start, piece.end);
}

/** Lets the upstream send what it has, while the segment stays open. */
export function flushUpstream(state: SessionState): void {
  if (state.segment.forwarded) state.upstream.message(FLUSH);
}

/** Forwards a statement's run (Query or Execute) with all that must be noted of it. */
export function forwardRun(
  state: SessionState,
  piece: Piece,
  kind: "query" | "execute",
  route: PreparedRoute | null,
  miss: Miss,
  undo: (() => void) | null = null,
): void {
  const pure = route?.info.pure === true;
  if (state.pooling === null && !state.statements.isEmpty && namesPrepared(route)) sendLocalStatements(state);
  // The server drops its unnamed statement for a simple Query.
  if (state.pooling?.server != null && kind === "query") state.pooling.server.unnamed = null;
  if (!pure) state.segment.impure = true;
  relay(state, piece);
  state.segment.forwarded = true;
  const done = state.noteForwarded(route, miss);
  const observe: UpstreamExpectation["observe"] = pure ? null : (type, bytes) => observeTag(state, route, type, bytes);
  state.expected.forwarded(runExpectation(kind, state.segment.impure, undo, done, observe));
}

/** Makes sure that the upstream knows a statement whose Parse was answered here. */
export function ensureUpstream(state: SessionState, statement: PreparedStatement): void {
  const message = statement.parseMessage;
  if (message === null) return;
  const forget = (): void => {
    statement.parseMessage = message;
    statement.sentIn = null;
  };
  statement.parseMessage = null;
  statement.sentIn = state.segment;
  state.upstream.message(message);
  state.segment.forwarded = true;
  state.expected.forwarded(
    expectation("parse", {
      swallow: true,
      undo: forget,
      done: (succeeded) => {
        statement.sentIn = null;
        if (!succeeded) forget();
      },
    }),
  );
}

/**
 * Null when it is known which statement has the name. Else its Parse, or the Close of one before it, belongs to an earlier segment, where an error
 * upstream may yet void it: resolves when that is known.
 */
export function whenSettled(
  state: SessionState,
  name: string,
  statement: PreparedStatement | undefined,
): Promise<void> | null {
  const changedIn = statement === undefined ? state.closedIn.get(name) : statement.sentIn;
  if (changedIn == null || changedIn === state.segment) return null;
  const answered = whenAnswered(state);
  if (answered !== null) return answered;
  if (statement !== undefined) statement.sentIn = null;
  state.closedIn.clear();
  return null;
}

/**
 * Null when the upstream has answered all; else resolves when it has. Only then is it known which names stand: what was sent before may have
 * failed, or have dropped them.
 */
export function whenAnswered(state: SessionState): Promise<void> | null {
  if (state.expected.idle) return null;
  flushUpstream(state);
  state.upstream.flush();
  return state.expected.whenIdle();
}

function namesPrepared(route: PreparedRoute | null): boolean {
  return route === null || NAMES_PREPARED.test(route.info.normalized);
}

/** Sends every statement that the upstream has not seen; between segments each with a Sync of its own, so that one's failure stays alone. */
function sendLocalStatements(state: SessionState): void {
  if (state.status === "E") return;
  for (const statement of state.statements.values()) {
    const message = statement.parseMessage;
    if (message === null) continue;
    if (state.segment.forwarded) {
      ensureUpstream(state, statement);
      continue;
    }
    statement.parseMessage = null;
    state.upstream.message(message);
    state.upstream.message(SYNC);
    state.expected.forwarded(
      expectation("query", {
        swallow: true,
        swallowError: true,
        done: (succeeded) => {
          if (!succeeded) statement.parseMessage = message;
        },
      }),
    );
  }
}

/** Follows DEALLOCATE and DISCARD: what they drop is forgotten here too. */
function observeTag(state: SessionState, route: PreparedRoute | null, type: number, bytes: Buffer): void {
  if (type !== BackendType.commandComplete) return;
  const tag = decodeCommandComplete(bytes, 0, bytes.length);
  if (tag !== "DEALLOCATE" && tag !== "DEALLOCATE ALL" && tag !== "DISCARD ALL") return;
  const name = tag === "DEALLOCATE" && route !== null ? deallocatedName(route.info.normalized) : null;
  for (const statement of [...state.statements.values()]) {
    const isUpstreams = statement.command === null && statement.parseMessage === null;
    if (!isUpstreams || (name !== null && name !== statement.name)) continue;
    state.statements.delete(statement.name);
    if (statement.remapped !== undefined) state.pooling?.server?.statements.delete(statement.remapped.name);
  }
  if (name === null && state.pooling?.server != null) {
    state.pooling.server.statements.clear();
    state.pooling.server.unnamed = null;
  }
}

/** Null when it cannot be told: then every name is forgotten, and unknown names are simply forwarded. */
function deallocatedName(text: string): string | null {
  const match = /^\s*deallocate\s+(?:prepare\s+)?(?:"((?:[^"]|"")+)"|([a-z_][a-z0-9_$]*))\s*;?\s*$/i.exec(text);
  if (match === null) return null;
  const [, quoted, plain] = match;
  const name = quoted === undefined ? (plain ?? "").toLowerCase() : quoted.replaceAll('""', '"');
  return /^[\x20-\x7e]*$/.test(name) ? name : null;
}
