import { FreshetError, SqlState, assert, must } from "@freshet/base";
import {
  BIND_COMPLETE,
  type BindMessage,
  type BindNames,
  PORTAL_SUSPENDED,
  decodeBind,
  decodeBindNames,
  decodeExecute,
  encodeCommandComplete,
  encodeErrorResponse,
  readyForQuery,
  selectComplete,
} from "@freshet/wire";
import { expectation } from "./expected-responses.ts";
import { describeStatement } from "./extended-parse.ts";
import { commandDescription, commandError, commandRows, runCommand } from "./freshet-commands.ts";
import {
  type IncomingPiece,
  type Piece,
  ensureUpstream,
  forward,
  forwardRun,
  whenAttached,
  whenSettled,
} from "./forwarding.ts";
import type { Answer, BoundParameters, Keep, Miss } from "./front-ports.ts";
import { DESCRIBE_EXECUTE_SYNC, EXECUTE_SYNC, answerBindAtOnce, isClear } from "./kept-hit.ts";
import type { AnsweredPortal, CommandPortal, Portal } from "./portal.ts";
import { ensureOnServer, failPooled, noUnnamedStatement, sendBind, whenNameSettled } from "./pooled-statements.ts";
import { sendPaced } from "./paced-sending.ts";
import type { PreparedStatement } from "./prepared-statement.ts";
import { decide, gate, noteHit, probe, isLate } from "./routing.ts";
import { failSegment } from "./segment-failure.ts";
import { type SessionState, missed } from "./session-state.ts";
import { cancellable } from "./waiting-decision.ts";

/** Bind: this is where a cache is asked, as PostgreSQL takes a portal's snapshot here. */
export function handleBind(state: SessionState, piece: IncomingPiece): void | Promise<void> {
  const bind = decodeBindNames(piece.buffer, piece.start, piece.end);
  const keep = answerBindAtOnce(state, piece, bind);
  if (keep === "answered") return undefined;
  const existing = bind.portal === "" ? undefined : livePortal(state, bind.portal);
  if (existing !== undefined && existing.kind !== "forwarded") {
    return failSegment(state, encodeErrorResponse(new FreshetError("42P03", `cursor "${bind.portal}" already exists`)));
  }
  const statement = state.statements.get(bind.statement);
  const settled = whenSettled(state, bind.statement, statement);
  if (settled !== null) return settled.then(() => (state.segment.failed ? undefined : handleBind(state, piece)));
  if (statement === undefined) {
    // The server's unnamed statement may be another session's.
    if (state.pooling !== null && bind.statement === "") return failPooled(state, noUnnamedStatement());
    decodeBind(piece.buffer, piece.start, piece.end);
    return forwardBind(state, piece, bind, null, missed("not_parsed"));
  }
  if (statement.command !== null)
    return bindCommand(state, decodeBind(piece.buffer, piece.start, piece.end), statement);
  return routeBind(state, piece, bind, statement, keep);
}

function bindCommand(state: SessionState, bind: BindMessage, statement: PreparedStatement): void {
  const { command } = statement;
  assert(command !== null, "only a command's statement is bound here");
  if (bind.values.length > 0) {
    const message = `bind message supplies ${bind.values.length} parameters, but prepared statement "${bind.statement}" requires 0`;
    return failSegment(state, encodeErrorResponse(new FreshetError(SqlState.protocolViolation, message)));
  }
  const columns = state.services.commands.columns(command).length;
  if (bind.resultFormats.length > 1 && bind.resultFormats.length !== columns) {
    const message = `bind message has ${bind.resultFormats.length} result formats but query has ${columns} columns`;
    return failSegment(state, encodeErrorResponse(new FreshetError(SqlState.protocolViolation, message)));
  }
  const portal: CommandPortal = {
    kind: "command",
    command,
    formats: bind.resultFormats,
    segment: state.segment,
    result: null,
    position: 0,
  };
  state.expected.local(BIND_COMPLETE, state.portals.set(bind.portal, portal));
}

function routeBind(
  state: SessionState,
  piece: IncomingPiece,
  names: BindNames,
  statement: PreparedStatement,
  keep: Keep | null,
): void | Promise<void> {
  const opened = gate(state, statement.route);
  if (opened.kind === "probe") return probe(state).then(() => routeBind(state, piece, names, statement, null));
  // Its values are the server's to read.
  if (opened.kind === "miss") return forwardBind(state, piece, names, statement, opened);
  const bind = decodeBind(piece.buffer, piece.start, piece.end, names);
  const parameters: BoundParameters = {
    values: bind.values,
    formats: bind.formats,
    typeOids: statement.typeOids,
  };
  const decision = decide(state, opened, parameters, bind.resultFormats, keep);
  if (decision instanceof Promise)
    return cancellable(state, decision).then((decided) => finishBind(state, piece, bind, statement, decided));
  return finishBind(state, piece, bind, statement, decision);
}

function finishBind(
  state: SessionState,
  piece: IncomingPiece,
  bind: BindMessage,
  statement: PreparedStatement,
  decision: Answer | Miss | FreshetError,
): void | Promise<void> {
  // While the decision was waited for, something before it may have failed.
  if (state.segment.failed) return;
  if (decision instanceof FreshetError) return failSegment(state, encodeErrorResponse(decision));
  const { route } = statement;
  if (decision.kind === "miss" || route === null) {
    return forwardBind(state, piece, bind, statement, decision.kind === "miss" ? decision : missed("not_parsed"));
  }
  if (isLate(state, decision)) return forwardBind(state, piece, bind, statement, missed("in_transaction"));
  if (bind.portal === "" && sentAtOnce(state, piece, bind.resultFormats, decision)) return undefined;
  const portal: AnsweredPortal = {
    kind: "answer",
    answer: decision,
    route,
    formats: bind.resultFormats,
    segment: state.segment,
    position: 0,
  };
  state.expected.local(BIND_COMPLETE, state.portals.set(bind.portal, portal));
  return undefined;
}

/** Answers the Bind together with the Execute and Sync behind it, where that is all that is to be done. */
function sentAtOnce(state: SessionState, piece: IncomingPiece, formats: readonly number[], answer: Answer): boolean {
  if (!isClear(state) || answer.pieces !== undefined) return false;
  const isDescribed = piece.isNext(DESCRIBE_EXECUTE_SYNC);
  if (!isDescribed && !piece.isNext(EXECUTE_SYNC)) return false;
  piece.skip(isDescribed ? DESCRIBE_EXECUTE_SYNC : EXECUTE_SYNC);
  const { client } = state;
  state.replicaRead?.release();
  client.message(BIND_COMPLETE);
  if (isDescribed) client.message(answer.rowDescription(formats));
  if (answer.rowCount > 0) client.message(answer.dataRows(formats, 0, answer.rowCount));
  client.message(selectComplete(answer.rowCount));
  client.message(readyForQuery(state.status));
  noteHit(state, answer);
  state.endSegment();
  return true;
}

/** Forwards a Bind, after its statement's Parse where that has not gone yet. */
export function forwardBind(
  state: SessionState,
  piece: Piece,
  bind: BindNames,
  statement: PreparedStatement | null,
  miss: Miss,
): void | Promise<void> {
  return whenAttached(state, () => {
    const { pooling } = state;
    if (pooling !== null && statement !== null) return bindPooled(state, piece, bind, statement, miss);
    if (statement !== null) ensureUpstream(state, statement);
    const undo = state.portals.set(bind.portal, { kind: "forwarded", route: statement?.route ?? null, miss });
    return forward(state, piece, "bind", { undo });
  });
}

/** The same under the statement's name on the server. */
function bindPooled(
  state: SessionState,
  piece: Piece,
  bind: BindNames,
  statement: PreparedStatement,
  miss: Miss,
): void | Promise<void> {
  const pooling = must(state.pooling);
  const settled = whenNameSettled(state, pooling, statement);
  if (settled !== null) {
    return settled.then(() => {
      if (state.segment.failed) return undefined;
      const isKept = state.statements.get(bind.statement) === statement;
      return forwardBind(state, piece, bind, isKept ? statement : null, miss);
    });
  }
  const name = ensureOnServer(state, pooling, statement);
  sendBind(state, piece, bind.portal, bind.statement, name);
  state.segment.forwarded = true;
  const undo = state.portals.set(bind.portal, { kind: "forwarded", route: statement.route, miss });
  state.expected.forwarded(expectation("bind", { undo }));
  return undefined;
}

/** Describe of a statement or portal. */
export function handleDescribe(
  state: SessionState,
  piece: Piece,
  target: "statement" | "portal",
  name: string,
): void | Promise<void> {
  if (target === "statement") return describeStatement(state, piece, name);
  const portal = livePortal(state, name);
  switch (portal?.kind) {
    case "answer":
      return state.expected.local(portal.answer.rowDescription(portal.formats));
    case "command":
      return state.expected.local(commandDescription(state.services.commands.columns(portal.command), portal.formats));
    case "forwarded":
    case undefined:
      return whenAttached(state, () => forward(state, piece, "describe-portal"));
  }
}

export function handleExecute(state: SessionState, piece: Piece): void | Promise<void> {
  const { portal: name, maxRows } = decodeExecute(piece.buffer, piece.start, piece.end);
  const portal = livePortal(state, name);
  switch (portal?.kind) {
    case "answer":
      return executeAnswer(state, portal, maxRows);
    case "command":
      return executeCommand(state, portal, maxRows);
    case "forwarded":
      return whenAttached(state, () => forwardRun(state, piece, "execute", portal.route, portal.miss));
    case undefined:
      return whenAttached(state, () => forwardRun(state, piece, "execute", null, missed("not_parsed")));
  }
}

function executeAnswer(state: SessionState, portal: AnsweredPortal, maxRows: number): void | Promise<void> {
  noteHit(state, portal.answer);
  if (portal.answer.pieces !== undefined)
    return executeLarge(state, portal, portal.answer.pieces.bind(portal.answer), maxRows);
  const rows = (from: number, to: number): Buffer => portal.answer.dataRows(portal.formats, from, to);
  return sendRows(state, portal, portal.answer.rowCount, maxRows, rows, selectComplete);
}

async function executeLarge(
  state: SessionState,
  portal: AnsweredPortal,
  pieces: NonNullable<Answer["pieces"]>,
  maxRows: number,
): Promise<void> {
  const from = portal.position;
  const { count, end } = nextRows(portal, portal.answer.rowCount, maxRows, selectComplete);
  const sent = await sendPaced(state, pieces(from, from + count));
  if (sent === "sent") state.expected.local(end);
  else if (sent !== "over") failSegment(state, sent.error);
}

async function executeCommand(state: SessionState, portal: CommandPortal, maxRows: number): Promise<void> {
  const { segment } = state;
  try {
    portal.result ??= await runCommand(state, portal.command);
    if (segment.failed) return;
    const { result } = portal;
    const columns = state.services.commands.columns(portal.command);
    const rows = (from: number, to: number): Buffer => commandRows(columns, result, portal.formats, from, to);
    sendRows(state, portal, result.rows.length, maxRows, rows, () => encodeCommandComplete(result.tag));
  } catch (thrown) {
    if (!segment.failed) failSegment(state, commandError(state, thrown));
  }
}

/** Sends a portal's next rows: like PostgreSQL, suspended whenever the limit was reached, even at the last row. */
function sendRows(
  state: SessionState,
  portal: AnsweredPortal | CommandPortal,
  total: number,
  maxRows: number,
  rows: (from: number, to: number) => Buffer,
  complete: (count: number) => Buffer,
): void {
  const from = portal.position;
  const { count, end } = nextRows(portal, total, maxRows, complete);
  if (count > 0) state.expected.local(rows(from, from + count));
  state.expected.local(end);
}

/** Moves a portal by its next rows; returns their number and what is sent behind them. */
function nextRows(
  portal: AnsweredPortal | CommandPortal,
  total: number,
  maxRows: number,
  complete: (count: number) => Buffer,
): { readonly count: number; readonly end: Buffer } {
  const left = total - portal.position;
  const count = maxRows > 0 ? Math.min(maxRows, left) : left;
  portal.position += count;
  return { count, end: maxRows > 0 && count === maxRows ? PORTAL_SUSPENDED : complete(count) };
}

/** A portal answered here lives as long as the upstream's would: outside a transaction block, to its segment's end. */
function livePortal(state: SessionState, name: string): Portal | undefined {
  const portal = state.portals.get(name);
  if (portal === undefined || portal.kind === "forwarded") return portal;
  return portal.segment === state.segment || state.status !== "I" ? portal : undefined;
}
