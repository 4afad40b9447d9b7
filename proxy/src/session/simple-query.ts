import { FreshetError } from "@freshet/base";
import { decodeQuery, encodeErrorResponse, selectComplete } from "@freshet/wire";
import { runSimpleCommand } from "./freshet-commands.ts";
import { type Piece, forwardRun, whenAnswered, whenAttached } from "./forwarding.ts";
import type { Answer, Keep, Miss, PreparedRoute } from "./front-ports.ts";
import { answerKeptQuery } from "./kept-hit.ts";
import { namedCall, renamedQuery } from "./names-in-sql.ts";
import { sendPaced } from "./paced-sending.ts";
import { decide, gate, inspect, noteHit, probe, isLate } from "./routing.ts";
import { type SessionState, missed } from "./session-state.ts";
import { cancellable } from "./waiting-decision.ts";

/** A simple Query: runs one of Freshet's commands, answers from a cache, or forwards. */
export function handleQuery(state: SessionState, piece: Piece): void | Promise<void> {
  const sql = decodeQuery(piece.buffer, piece.start, piece.end);
  const keep = answerKeptQuery(state, sql);
  if (keep === "answered") return undefined;
  const route = inspect(state, sql);
  if (route?.command != null && !state.segment.forwarded) return runSimpleCommand(state, route.command);
  return routeQuery(state, piece, route, keep);
}

function routeQuery(
  state: SessionState,
  piece: Piece,
  route: PreparedRoute | null,
  keep: Keep | null,
): void | Promise<void> {
  const opened = gate(state, route);
  if (opened.kind === "miss") return forwardQuery(state, piece, route, opened);
  // The Query ends the segment upstream, so it must go there.
  if (state.segment.forwarded)
    return forwardQuery(state, piece, route, missed("session_state_unknown", "open pipeline"));
  if (opened.kind === "probe") return probe(state).then(() => routeQuery(state, piece, route, null));
  const decision = decide(state, opened, null, [], keep);
  if (decision instanceof Promise)
    return cancellable(state, decision).then((decided) => finishQuery(state, piece, route, decided));
  return finishQuery(state, piece, route, decision);
}

function finishQuery(
  state: SessionState,
  piece: Piece,
  route: PreparedRoute | null,
  decision: Answer | Miss | FreshetError,
): void | Promise<void> {
  if (decision instanceof FreshetError) return failQuery(state, decision);
  if (decision.kind === "miss") return forwardQuery(state, piece, route, decision);
  if (isLate(state, decision)) return forwardQuery(state, piece, route, missed("in_transaction"));
  noteHit(state, decision);
  state.statements.delete("");
  const { expected } = state;
  expected.local(decision.rowDescription([]));
  if (decision.pieces !== undefined) return finishLarge(state, decision, decision.pieces(0, decision.rowCount));
  if (decision.rowCount > 0) expected.local(decision.dataRows([], 0, decision.rowCount));
  endQuery(state, selectComplete(decision.rowCount));
}

async function finishLarge(state: SessionState, answer: Answer, pieces: Iterable<Buffer>): Promise<void> {
  const sent = await sendPaced(state, pieces);
  if (sent !== "over") endQuery(state, sent === "sent" ? selectComplete(answer.rowCount) : sent.error);
}

function endQuery(state: SessionState, end: Buffer): void {
  state.expected.local(end);
  state.expected.localReady();
  state.endSegment();
}

/** The client has cancelled the statement before there was an answer. */
function failQuery(state: SessionState, error: FreshetError): void {
  state.statements.delete("");
  endQuery(state, encodeErrorResponse(error));
}

/** Forwards; null stands for a text that was not looked into. */
export function forwardQuery(
  state: SessionState,
  piece: Piece,
  route: PreparedRoute | null,
  miss: Miss,
): void | Promise<void> {
  return whenAttached(state, () => sendQuery(state, piece, route, miss));
}

function sendQuery(state: SessionState, piece: Piece, route: PreparedRoute | null, miss: Miss): void | Promise<void> {
  const { pooling } = state;
  const call =
    pooling === null || !piece.last || state.statements.isEmpty
      ? null
      : namedCall(state, decodeQuery(piece.buffer, piece.start, piece.end).text);
  if (pooling === null || call === null) return runQuery(state, piece, route, miss);
  const answered = whenAnswered(state);
  if (answered !== null)
    return answered.then(() => (state.segment.failed ? undefined : sendQuery(state, piece, route, miss)));
  return runQuery(state, renamedQuery(state, pooling, call), route, miss);
}

function runQuery(state: SessionState, piece: Piece, route: PreparedRoute | null, miss: Miss): void | Promise<void> {
  const mixed = state.segment.forwarded;
  const undo = state.statements.delete("");
  forwardRun(state, piece, "query", route, miss, undo);
  state.endSegment();
  if (!mixed || !piece.last) return undefined;
  // An error before it makes the upstream skip the Query and what follows: what that is must be known first. The Query's own answer is
  // not waited for: a COPY wants the client's data before it ends.
  const reached = state.expected.whenLastReached();
  if (reached === null) return undefined;
  state.upstream.flush();
  return reached;
}
