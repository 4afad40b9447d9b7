import { unreachable } from "@freshet/base";
import { FrontendType, decodeBindNames, decodeParseName, decodeTarget, protocolViolation } from "@freshet/wire";
import { forwardBind, handleBind, handleDescribe, handleExecute } from "./extended-execute.ts";
import { forwardParse, handleClose, handleParse } from "./extended-parse.ts";
import { type IncomingPiece, type Piece, flushUpstream, forward, relay, whenAttached } from "./forwarding.ts";
import { type FrontendAction, frontendAction } from "./frontend-states.ts";
import { type SessionState, missed } from "./session-state.ts";
import { forwardQuery, handleQuery } from "./simple-query.ts";

export interface Dispatched {
  readonly action: FrontendAction;
  /** What must be waited for before the client's next message is looked at. */
  readonly pending: Promise<void> | null;
}

/** Handles one message of the client, or the beginning of one that is too large to be looked into. */
export function dispatch(state: SessionState, piece: IncomingPiece): Dispatched {
  const action = frontendAction(state.frontendState, piece.type);
  const pending = piece.last ? handleWhole(state, piece, action) : handleLarge(state, piece, action);
  return { action, pending: pending ?? null };
}

function handleWhole(state: SessionState, piece: IncomingPiece, action: FrontendAction): void | Promise<void> {
  switch (action) {
    case "query":
      return handleQuery(state, piece);
    case "parse":
      return handleParse(state, piece);
    case "bind":
      return handleBind(state, piece);
    case "describe": {
      const { target, name } = decodeTarget(piece.buffer, piece.start, piece.end);
      return handleDescribe(state, piece, target, name);
    }
    case "execute":
      return handleExecute(state, piece);
    case "close":
      return handleClose(state, piece);
    case "sync":
      return handleSync(state, piece);
    case "flush":
      return flushUpstream(state);
    case "function-call":
      return whenAttached(state, () => handleFunctionCall(state, piece));
    case "copy-end":
      return handleCopyEnd(state, piece);
    case "relay":
      return relayUnanswered(state, piece);
    case "terminate":
      return state.borrowsServer ? undefined : relay(state, piece);
    case "discard":
      return undefined;
    default:
      return unreachable(action, "action");
  }
}

/** What brings no response of its own. */
function relayUnanswered(state: SessionState, piece: Piece): void {
  if (!state.copying && !state.expected.idle) state.segment.copied = true;
  if (state.pooling === null) relay(state, piece);
  else relayPooled(state, piece);
}

/** What brings no response must not end up on a server connection that is another session's next. */
function relayPooled(state: SessionState, piece: Piece): void {
  const { pooling } = state;
  const isData = ([FrontendType.copyData, FrontendType.copyDone, FrontendType.copyFail] as number[]).includes(
    piece.type,
  );
  if (pooling === null) return;
  if (!state.copying && !isData) throw protocolViolation(`invalid frontend message type ${piece.type}`);
  // Late copy data of a COPY that has failed: the server would ignore it.
  if (pooling.server === null) return;
  if (!isData) pooling.pin("message within COPY");
  relay(state, piece);
}

/** A message over the limit of inspection goes upstream as it comes; only its names are noted. */
function handleLarge(state: SessionState, piece: Piece, action: FrontendAction): void | Promise<void> {
  const { buffer, start, end } = piece;
  switch (action) {
    case "query":
      return forwardQuery(state, piece, null, missed("not_parsed"));
    case "parse": {
      const name = decodeParseName(buffer, start, end);
      const statement = { name, route: null, typeOids: [], command: null, parseMessage: null };
      return whenAttached(state, () => {
        forwardParse(state, piece, statement);
        if (state.pooling?.server == null) return;
        state.pooling.keepUnmapped(statement);
        if (name === "") state.pooling.server.unnamed = statement;
      });
    }
    case "bind": {
      const names = decodeBindNames(buffer, start, end);
      const statement = state.statements.get(names.statement);
      return forwardBind(state, piece, names, statement ?? null, missed("parameter_value"));
    }
    case "function-call":
      return whenAttached(state, () => handleFunctionCall(state, piece));
    case "discard":
      return undefined;
    case "describe":
    case "execute":
    case "close":
    case "sync":
    case "flush":
    case "copy-end":
    case "relay":
    case "terminate":
      // PostgreSQL refuses a large message of these kinds and closes the connection; copy data is no such kind.
      return relayUnanswered(state, piece);
    default:
      return unreachable(action, "action");
  }
}

function handleSync(state: SessionState, piece: Piece): void {
  const { forwarded, impure, copied } = state.segment;
  // Without a connection what was copied is over.
  const { pooling } = state;
  if (forwarded || (copied && (pooling === null || pooling.server !== null)))
    forward(state, piece, "sync", { impure: impure || copied, done: settlesCloses(state) });
  else state.expected.localReady();
  state.endSegment();
}

/** With its answer it is known what was closed in the segment. */
function settlesCloses(state: SessionState): (() => void) | null {
  const { closedIn, segment } = state;
  if (closedIn.size === 0) return null;
  return () => {
    for (const [name, closed] of closedIn) if (closed === segment) closedIn.delete(name);
  };
}

/** FunctionCall ends its segment as a simple Query does; what the function does is unknown. */
function handleFunctionCall(state: SessionState, piece: Piece): void {
  state.segment.impure = true;
  forward(state, piece, "function-call", { impure: true, done: state.noteForwarded(null, missed("not_select")) });
  state.endSegment();
}

function handleCopyEnd(state: SessionState, piece: Piece): void {
  relayUnanswered(state, piece);
  if (state.copying) state.copying = false;
  else state.expected.copyEnded();
}
