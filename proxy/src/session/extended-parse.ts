import {
  PARSE_COMPLETE,
  CLOSE_COMPLETE,
  HEADER_BYTES,
  decodeParse,
  decodeTarget,
  encodeDescribe,
  encodeParameterDescription,
} from "@freshet/wire";
import { expectation } from "./expected-responses.ts";
import { must } from "@freshet/base";
import { failSegment } from "./segment-failure.ts";
import { commandDescription, commandError } from "./freshet-commands.ts";
import { type Piece, ensureUpstream, forward, whenAnswered, whenAttached, whenSettled } from "./forwarding.ts";
import type { DescribedStatement, PreparedRoute } from "./front-ports.ts";
import {
  duplicateStatement,
  ensureOnServer,
  failPooled,
  noUnnamedStatement,
  parseBody,
  parsePooled,
  whenNameSettled,
} from "./pooled-statements.ts";
import { namedCall, renamedBody } from "./names-in-sql.ts";
import type { Pooling } from "./pooling.ts";
import type { PreparedStatement } from "./prepared-statement.ts";
import { isClear } from "./kept-hit.ts";
import { type Gate, gate, inspect, probe, staticMiss } from "./routing.ts";
import type { SessionState } from "./session-state.ts";

/** Longer Parse messages are looked into each time. */
const MAX_REPEATABLE = 4096;

/**
 * Whether the Parse is that of the present unnamed statement again, as drivers send it before each Bind: with the same facts it has the same outcome, as long
 * as a cache can answer the statement. What the upstream has of it stays as it is.
 */
function repeatsParse(state: SessionState, piece: Piece): boolean {
  const { buffer, start, end } = piece;
  if (buffer[start + HEADER_BYTES] !== 0 || !isClear(state)) return false;
  const statement = state.statements.get("");
  if (statement?.repeatable === undefined || statement.route === null) return false;
  const { message, facts } = statement.repeatable;
  if (message.length !== end - start || buffer.compare(message, 0, message.length, start, end) !== 0) return false;
  state.facts.expire(state.services.front.epoch);
  if (state.facts.current !== facts || statement.sentIn != null) return false;
  return staticMiss(state, statement.route) === null;
}

/** Parse: answered here when a cache could answer the statement, so that the upstream sees it only when it must. */
export function handleParse(state: SessionState, piece: Piece): void | Promise<void> {
  if (repeatsParse(state, piece)) return state.expected.local(PARSE_COMPLETE);
  const { name, query, typeOids } = decodeParse(piece.buffer, piece.start, piece.end);
  const route = inspect(state, query);
  const existing = name === "" ? undefined : state.statements.get(name);
  const settled = whenSettled(state, name, existing);
  if (settled !== null) return settled.then(() => (state.segment.failed ? undefined : handleParse(state, piece)));
  if (state.pooling !== null) return handlePooledParse(state, piece, existing, { name, route, typeOids });
  if (existing !== undefined && existing.command === null) {
    return forwardDuplicate(state, piece, existing, { name, route, typeOids, command: null, parseMessage: null });
  }
  if (route?.command != null) return parseCommand(state, name, route);
  return routeParse(state, piece, { name, route, typeOids, command: null, parseMessage: null });
}

/** Parse where connections are shared: a name is the session's own, known to no server. */
function handlePooledParse(
  state: SessionState,
  piece: Piece,
  existing: PreparedStatement | undefined,
  parsed: Pick<PreparedStatement, "name" | "route" | "typeOids">,
): void | Promise<void> {
  const { name, route } = parsed;
  if (existing !== undefined && existing.command === null) {
    if (existing.body === undefined) return whenAttached(state, () => forward(state, piece, "parse"));
    const answered = whenAnswered(state);
    if (answered !== null) return answered.then(() => (state.segment.failed ? undefined : handleParse(state, piece)));
    return failPooled(state, duplicateStatement(name));
  }
  if (route?.command != null) return parseCommand(state, name, route);
  return routeParse(state, piece, { ...parsed, command: null, parseMessage: null, body: parseBody(piece, name) });
}

function parseCommand(state: SessionState, name: string, route: PreparedRoute): void {
  try {
    const command = route.command?.() ?? null;
    const undo = state.statements.set(name, { name, route, typeOids: [], command, parseMessage: null });
    state.expected.local(PARSE_COMPLETE, undo);
  } catch (thrown) {
    failSegment(state, commandError(state, thrown));
  }
}

function routeParse(state: SessionState, piece: Piece, statement: PreparedStatement): void | Promise<void> {
  const opened = gate(state, statement.route);
  if (opened.kind === "probe") return probe(state).then(() => routeParse(state, piece, statement));
  if (opened.kind === "ready" && describe(state, opened, statement) !== null) {
    const isRepeatable = statement.name === "" && piece.end - piece.start <= MAX_REPEATABLE;
    if (state.pooling === null || isRepeatable) {
      const message = Buffer.from(piece.buffer.subarray(piece.start, piece.end));
      // Where connections are shared its body says all.
      if (state.pooling === null) statement.parseMessage = message;
      if (isRepeatable) statement.repeatable = { facts: opened.facts, message };
    }
    // Behind forwarded messages: should one of them fail, this Parse is skipped like all up to Sync.
    if (state.segment.forwarded) statement.sentIn = state.segment;
    state.expected.local(PARSE_COMPLETE, state.statements.set(statement.name, statement));
    return undefined;
  }
  const { pooling } = state;
  if (pooling === null) return forwardParse(state, piece, statement);
  return whenAttached(state, () => sendPooledParse(state, pooling, statement));
}

function sendPooledParse(state: SessionState, pooling: Pooling, parsed: PreparedStatement): void | Promise<void> {
  const body = must(parsed.body);
  const call = namedCall(state, body.toString("utf8", 0, body.indexOf(0)));
  const statement = call === null ? parsed : { ...parsed, body: renamedBody(state, pooling, call, body) };
  const settled = whenNameSettled(state, pooling, statement);
  if (settled === null) return parsePooled(state, pooling, statement);
  return settled.then(() => (state.segment.failed ? undefined : parsePooled(state, pooling, statement)));
}

/** Forwards a Parse; the statement is forgotten again when the upstream refuses it. */
export function forwardParse(state: SessionState, piece: Piece, statement: PreparedStatement): void {
  const undo = state.statements.set(statement.name, statement);
  forward(state, piece, "parse", {
    undo,
    done: (succeeded) => {
      if (!succeeded && state.statements.get(statement.name) === statement) state.statements.delete(statement.name);
    },
  });
}

/**
 * A Parse of a name that is taken: the upstream refuses it, once it knows the first one. Should it not,
 * the name was dropped there unseen; until that is known the name's text counts as unknown.
 */
function forwardDuplicate(
  state: SessionState,
  piece: Piece,
  existing: PreparedStatement,
  statement: PreparedStatement,
): void {
  ensureUpstream(state, existing);
  const { name } = existing;
  const unknown: PreparedStatement = { name, route: null, typeOids: [], command: null, parseMessage: null };
  const undo = state.statements.set(name, unknown);
  const settle = (outcome: () => void): void => {
    if (state.statements.get(name) === unknown) outcome();
  };
  forward(state, piece, "parse", {
    undo: () => settle(undo),
    done: (succeeded) => settle(succeeded ? () => state.statements.set(name, statement) : undo),
  });
}

function describe(
  state: SessionState,
  ready: Extract<Gate, { kind: "ready" }>,
  statement: PreparedStatement,
): DescribedStatement | null {
  try {
    return state.services.front.describe(ready.route, ready.facts, statement.typeOids);
  } catch (thrown) {
    state.services.logger.error(
      { error: thrown },
      "a statement could not be described from its cache; it goes upstream",
    );
    return null;
  }
}

/** Describe of a statement. */
export function describeStatement(state: SessionState, piece: Piece, name: string): void | Promise<void> {
  const statement = state.statements.get(name);
  const settled = whenSettled(state, name, statement);
  if (settled !== null)
    return settled.then(() => (state.segment.failed ? undefined : describeStatement(state, piece, name)));
  if (statement === undefined) {
    if (state.pooling !== null && name === "") return failPooled(state, noUnnamedStatement());
    return whenAttached(state, () => forward(state, piece, "describe-statement"));
  }
  if (statement.command !== null) {
    const columns = state.services.commands.columns(statement.command);
    state.expected.local(Buffer.concat([encodeParameterDescription([]), commandDescription(columns, [])]));
    return undefined;
  }
  const opened = gate(state, statement.route);
  if (opened.kind === "probe") return probe(state).then(() => describeStatement(state, piece, name));
  const described = opened.kind === "ready" ? describe(state, opened, statement) : null;
  if (described === null) return whenAttached(state, () => forwardDescribe(state, piece, statement));
  state.expected.local(
    Buffer.concat([encodeParameterDescription(described.parameterTypes), described.rowDescription([])]),
  );
  return undefined;
}

function forwardDescribe(state: SessionState, piece: Piece, statement: PreparedStatement): void | Promise<void> {
  const { pooling } = state;
  if (pooling === null) {
    ensureUpstream(state, statement);
    return forward(state, piece, "describe-statement");
  }
  const settled = whenNameSettled(state, pooling, statement);
  if (settled !== null)
    return settled.then(() => (state.segment.failed ? undefined : describeStatement(state, piece, statement.name)));
  state.upstream.message(encodeDescribe("statement", ensureOnServer(state, pooling, statement)));
  state.segment.forwarded = true;
  state.expected.forwarded(expectation("describe-statement"));
  return undefined;
}

function noteClosed(state: SessionState, name: string): void {
  if (state.expected.idle) state.closedIn.clear();
  state.closedIn.set(name, state.segment);
}

/** Close of a statement or portal. What only Freshet knows is closed here. */
export function handleClose(state: SessionState, piece: Piece): void | Promise<void> {
  const { target, name } = decodeTarget(piece.buffer, piece.start, piece.end);
  if (target === "statement") {
    const statement = state.statements.get(name);
    const undo = state.statements.delete(name);
    // Behind forwarded messages: should one of them fail, this Close is skipped.
    if (statement !== undefined && state.segment.forwarded) noteClosed(state, name);
    // A statement that servers know by other names is closed when no room is left for it there.
    if (state.pooling !== null && (name === "" || statement?.body !== undefined)) {
      state.expected.local(CLOSE_COMPLETE, undo);
      return undefined;
    }
    if (statement !== undefined && (statement.command !== null || statement.parseMessage !== null)) {
      state.expected.local(CLOSE_COMPLETE, undo);
      return undefined;
    }
    return whenAttached(state, () => forward(state, piece, "close", { undo }));
  }
  const portal = state.portals.get(name);
  const undo = state.portals.delete(name);
  if (portal === undefined || portal.kind === "forwarded")
    return whenAttached(state, () => forward(state, piece, "close", { undo }));
  state.expected.local(CLOSE_COMPLETE, undo);
  return undefined;
}
