import { FreshetError } from "@freshet/base";
import type { Lsn } from "@freshet/values";
import {
  FrontendType,
  type MessageScanner,
  decodeBindNames,
  decodeExecute,
  decodeParse,
  decodeQuery,
  decodeTarget,
  frontendScanner,
} from "@freshet/wire";
import { readsAlike } from "../replicas/reads-alike.ts";
import type { PreparedRoute, SessionFacts } from "./front-ports.ts";
import type { ReplicableSegment } from "./replica-read.ts";
import { inspect } from "./routing.ts";
import type { SessionState } from "./session-state.ts";

/** What is kept of a segment until the replica has answered. */
const MAX_BYTES = 65_536;

/**
 * The segment that begins with the scanner's present message, if a replica may answer it: null when it does anything but read, or has not come
 * whole. It is only looked at.
 */
export function replicableSegment(state: SessionState, frontend: MessageScanner): ReplicableSegment | null {
  const { type, buffer, start, end } = frontend;
  if (!isFresh(state) || !frontend.last || end - start > MAX_BYTES) return null;
  if (type === FrontendType.query) {
    if (!reads(inspect(state, decodeQuery(buffer, start, end)))) return null;
    return { bytes: Buffer.from(buffer.subarray(start, end)), names: [] };
  }
  if (type !== FrontendType.parse && type !== FrontendType.bind) return null;
  try {
    return wholeSegment(state, Buffer.concat([buffer.subarray(start, end), frontend.ahead(MAX_BYTES)]));
  } catch (thrown) {
    // Messages that are malformed are refused when their turn comes.
    if (thrown instanceof FreshetError) return null;
    throw thrown;
  }
}

/** The oldest position at which the session may read; null: only on the primary. */
export function oldestPosition(facts: SessionFacts, writeLsn: Lsn): Lsn | null {
  if (facts.consistency === "strong" || facts.hasTemporaryObjects) return null;
  const { deviatingSettings } = facts;
  // A standby knows no serializable transactions.
  if (["default_transaction_isolation", "freshet.consistency"].some((name) => deviatingSettings.includes(name)))
    return null;
  return facts.consistency === "eventual" ? 0n : writeLsn;
}

/** Nothing of the session's is under way, and it has no server connection that it would keep. */
function isFresh(state: SessionState): boolean {
  const { pooling, segment, expected, status } = state;
  if (pooling === null || pooling.server !== null || pooling.touched || pooling.pinned) return false;
  return status === "I" && expected.length === 0 && !segment.forwarded && !segment.failed && !state.copying;
}

function wholeSegment(state: SessionState, bytes: Buffer): ReplicableSegment | null {
  const scanner = frontendScanner();
  scanner.push(bytes);
  const prepared = new Map<string, PreparedRoute | null>();
  for (let size = 0; scanner.advance();) {
    if (!scanner.last) return null;
    size += scanner.size;
    if (scanner.type === FrontendType.sync) {
      const names = [...prepared.keys()].filter((name) => name !== "");
      return { bytes: bytes.subarray(0, size), names };
    }
    if (!isRead(state, scanner, prepared)) return null;
  }
  return null;
}

function isRead(state: SessionState, message: MessageScanner, prepared: Map<string, PreparedRoute | null>): boolean {
  const { type, buffer, start, end } = message;
  switch (type) {
    case FrontendType.parse: {
      const { name, query } = decodeParse(buffer, start, end);
      const route = inspect(state, query);
      // A name that is taken is an error, which the primary has to tell.
      if (name !== "" && (state.statements.get(name) !== undefined || prepared.has(name))) return false;
      prepared.set(name, route);
      return reads(route);
    }
    case FrontendType.bind: {
      const { portal, statement } = decodeBindNames(buffer, start, end);
      if (portal !== "") return false;
      if (prepared.has(statement)) return true;
      const known = state.statements.get(statement);
      return known?.body !== undefined && reads(known.route);
    }
    case FrontendType.describe: {
      const { target, name } = decodeTarget(buffer, start, end);
      return target === "portal" ? name === "" : prepared.has(name) || reads(state.statements.get(name)?.route ?? null);
    }
    case FrontendType.execute: {
      const { portal, maxRows } = decodeExecute(buffer, start, end);
      return portal === "" && maxRows === 0;
    }
    default:
      return false;
  }
}

function reads(route: PreparedRoute | null): boolean {
  return route !== null && route.command === null && readsAlike(route.info);
}
