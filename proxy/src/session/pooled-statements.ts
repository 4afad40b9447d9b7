import { createHash } from "node:crypto";
import { FreshetError, must } from "@freshet/base";
import {
  FrontendType,
  HEADER_BYTES,
  PARSE_COMPLETE,
  encodeClose,
  encodeErrorResponse,
  encodeParse,
  frame,
} from "@freshet/wire";
import { expectation } from "./expected-responses.ts";
import { type Piece, whenAnswered } from "./forwarding.ts";
import type { PooledServer } from "./pool-port.ts";
import type { Pooling } from "./pooling.ts";
import type { PreparedStatement } from "./prepared-statement.ts";
import type { SessionState } from "./session-state.ts";

/**
 * Named statements of sessions that share server connections: on a server a statement is named after its text, its
 * parameter types and the settings that it is read under, and is parsed there when it is first needed.
 */

/** The statement's name on servers. */
function serverName(pooling: Pooling, statement: PreparedStatement): string {
  const { digest } = pooling;
  if (statement.remapped?.digest === digest) return statement.remapped.name;
  const hash = createHash("sha1").update(digest).update("\0").update(must(statement.body)).digest("hex");
  const name = `freshet_${hash}`;
  statement.remapped = { digest, name };
  return name;
}

/** Null when nothing before it decides whether the server has the statement; else resolves when that is known. */
export function whenNameSettled(
  state: SessionState,
  pooling: Pooling,
  statement: PreparedStatement,
): Promise<void> | null {
  if (statement.name === "" || statement.body === undefined || pooling.server === null) return null;
  const pendingIn = pooling.pendingIn.get(serverName(pooling, statement));
  if (pendingIn === undefined || pendingIn === state.segment) return null;
  return whenAnswered(state);
}

/** Parse of a session that has a server connection: answered here when the server has the statement already. */
export function parsePooled(state: SessionState, pooling: Pooling, statement: PreparedStatement): void {
  const server = must(pooling.server);
  const undo = state.statements.set(statement.name, statement);
  const known = statement.name === "" ? undefined : server.statements.use(serverName(pooling, statement));
  if ((known === "ready" || known === "pending") && state.status !== "E") {
    // Behind forwarded messages: should one of them fail, this Parse is skipped like all up to Sync.
    if (state.segment.forwarded) statement.sentIn = state.segment;
    state.expected.local(PARSE_COMPLETE, undo);
    return;
  }
  statement.sentIn = state.segment;
  sendParse(state, pooling, statement, {
    swallow: false,
    undo,
    failed: () => {
      if (state.statements.get(statement.name) === statement) state.statements.delete(statement.name);
    },
  });
}

/** Makes sure that the server has the statement; returns its name there. */
export function ensureOnServer(state: SessionState, pooling: Pooling, statement: PreparedStatement): string {
  const server = must(pooling.server);
  if (statement.body === undefined) return statement.name;
  if (statement.name === "") {
    if (server.unnamed === statement) return "";
  } else {
    const name = serverName(pooling, statement);
    const known = server.statements.use(name);
    if (known === "ready" || known === "pending") return name;
  }
  sendParse(state, pooling, statement, { swallow: true, undo: null, failed: () => undefined });
  return statement.name === "" ? "" : serverName(pooling, statement);
}

interface ParseFate {
  readonly swallow: boolean;
  readonly undo: (() => void) | null;
  readonly failed: () => void;
}

function sendParse(state: SessionState, pooling: Pooling, statement: PreparedStatement, fate: ParseFate): void {
  const server = must(pooling.server);
  const isUnnamed = statement.name === "";
  const name = isUnnamed ? "" : serverName(pooling, statement);
  if (isUnnamed) server.unnamed = statement;
  else claimName(state, pooling, server, name);
  const forget = (): void => {
    if (server.unnamed === statement) server.unnamed = null;
    if (isUnnamed) return;
    server.statements.delete(name);
    pooling.pendingIn.delete(name);
  };
  state.upstream.message(frame(FrontendType.parse, Buffer.from(`${name}\0`, "latin1"), must(statement.body)));
  state.segment.forwarded = true;
  state.expected.forwarded(
    expectation("parse", {
      swallow: fate.swallow,
      undo: () => {
        forget();
        fate.undo?.();
      },
      done: (succeeded) => {
        if (succeeded) {
          if (!isUnnamed) server.statements.set(name, "ready");
          pooling.pendingIn.delete(name);
          return;
        }
        forget();
        fate.failed();
      },
    }),
  );
}

/** Makes room for one more name; what goes is closed in the same stream, hence behind all that still uses it. */
function claimName(state: SessionState, pooling: Pooling, server: PooledServer, name: string): void {
  const { statements } = server;
  if (statements.use(name) !== undefined) closeOnServer(state, server, name);
  for (const old of statements.surplus(pooling.seat.maxPreparedStatements - 1)) closeOnServer(state, server, old);
  statements.set(name, "pending");
  pooling.pendingIn.set(name, state.segment);
}

function closeOnServer(state: SessionState, server: PooledServer, name: string): void {
  server.statements.delete(name);
  state.upstream.message(encodeClose("statement", name));
  state.segment.forwarded = true;
  // Skipped after an error, it leaves the statement there: to be closed before that name is parsed again.
  const putBack = (): void => server.statements.set(name, "stale");
  state.expected.forwarded(
    expectation("close", {
      swallow: true,
      undo: putBack,
      done: (succeeded) => {
        if (!succeeded) putBack();
      },
    }),
  );
}

/** Sends a Bind with the statement's name on the server in the place of the client's. */
export function sendBind(state: SessionState, piece: Piece, portal: string, statement: string, name: string): void {
  const rest = piece.start + HEADER_BYTES + portal.length + 1 + statement.length + 1;
  const names = Buffer.from(`${portal}\0${name}\0`, "latin1");
  const head = Buffer.allocUnsafe(HEADER_BYTES + names.length);
  head[0] = FrontendType.bind;
  head.writeUInt32BE(piece.size - 1 - statement.length + name.length, 1);
  head.set(names, HEADER_BYTES);
  state.upstream.message(head);
  state.upstream.range(piece.buffer, rest, piece.end);
}

/** Parse's body behind its name, in memory of its own. */
export function parseBody(piece: Piece, name: string): Buffer {
  return Buffer.from(piece.buffer.subarray(piece.start + HEADER_BYTES + name.length + 1, piece.end));
}

/** Fails when it is analysed, which PostgreSQL does not come to in a transaction that has failed already. */
const FAILING_PARSE = encodeParse("freshet_failed_segment", "SELECT freshet_failed_segment");

/** Ends the segment with an error, and the transaction block with it where there is one, as PostgreSQL would. */
export function failPooled(state: SessionState, error: FreshetError): void {
  const bytes = encodeErrorResponse(error);
  const isLocal = state.expected.idle && !state.segment.forwarded && state.status === "I";
  state.segment.failed = true;
  if (isLocal) {
    state.expected.local(bytes);
    return;
  }
  state.upstream.message(FAILING_PARSE);
  state.segment.forwarded = true;
  state.expected.forwarded(expectation("parse", { replacement: bytes }));
}

export function duplicateStatement(name: string): FreshetError {
  return new FreshetError("42P05", `prepared statement "${name}" already exists`);
}

export function noUnnamedStatement(): FreshetError {
  return new FreshetError("26000", "unnamed prepared statement does not exist");
}
