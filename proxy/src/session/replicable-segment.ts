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
import { blockStatement, mayAskTheTime } from "../replicas/block-statement.ts";
import { readsAlike } from "../replicas/reads-alike.ts";
import type { PreparedRoute, SessionFacts } from "./front-ports.ts";
import type { ReplicableSegment } from "./replica-read.ts";
import { inspect } from "./routing.ts";
import type { SessionState } from "./session-state.ts";

/** What is kept of a segment until the replica has answered. */
const MAX_BYTES = 65_536;

/** Why a segment is not a replica's; shown to whoever asks. */
export interface Obstacle {
  readonly obstacle: string;
}

const NOT_READS: Obstacle = { obstacle: "not only reads" };
const ASKS_THE_TIME: Obstacle = { obstacle: "the time of the transaction is asked for" };
const NOT_WHOLE: Obstacle = { obstacle: "parts of the pipeline are still to come, or it is too long" };

/**
 * The segment that begins with the scanner's present message, if a replica may answer it: it begins a read-only block, reads, or ends one, and has come
 * whole. It is only looked at.
 */
export function replicableSegment(state: SessionState, frontend: MessageScanner): ReplicableSegment | Obstacle {
  const { buffer, start, end } = frontend;
  const occupied = occupation(state);
  if (occupied !== null) return { obstacle: occupied };
  if (!frontend.last || end - start > MAX_BYTES) return NOT_WHOLE;
  try {
    return new SegmentReader(state).read(
      frontend.type === FrontendType.query
        ? Buffer.from(buffer.subarray(start, end))
        : Buffer.concat([buffer.subarray(start, end), frontend.ahead(MAX_BYTES)]),
    );
  } catch (thrown) {
    // Messages that are malformed are refused when their turn comes.
    if (thrown instanceof FreshetError) return NOT_READS;
    throw thrown;
  }
}

/** The oldest position at which the session may read, or why it may not elsewhere than on the primary. */
export function oldestPosition(facts: SessionFacts, writeLsn: Lsn): Lsn | Obstacle {
  const { consistency, deviatingSettings } = facts;
  if (consistency === "strong") return { obstacle: "freshet.consistency is strong" };
  if (facts.hasTemporaryObjects) return { obstacle: "temporary objects" };
  // A standby knows no serializable transactions.
  const deviating = ["default_transaction_isolation", "freshet.consistency"].find((name) =>
    deviatingSettings.includes(name),
  );
  if (deviating !== undefined) return { obstacle: `setting ${deviating}` };
  return consistency === "eventual" ? 0n : writeLsn;
}

/** Null: nothing of the session's is under way, and it has no server connection that it would keep but a replica's. */
function occupation(state: SessionState): string | null {
  const { pooling, segment, expected, status, replicaBlock } = state;
  if (pooling === null) return "pool_mode session";
  if (segment.forwarded || segment.failed || state.copying || expected.length > 0) return "open pipeline";
  if (replicaBlock !== null) return null;
  if (status !== "I") return "transaction block on the primary";
  if (pooling.pinned) return `the connection is kept: ${pooling.pins.join(", ")}`;
  return pooling.server !== null || pooling.touched ? "the session has a connection to the primary" : null;
}

type Role = "read" | "begin" | "end";

/** Goes through a segment's messages. */
class SegmentReader {
  readonly #state: SessionState;
  readonly #prepared = new Map<string, PreparedRoute | null>();
  readonly #inBlock: boolean;
  #begin: string | null = null;
  #hasRead = false;
  #takesSnapshot = false;
  #ended = false;
  #bound: PreparedRoute | null = null;
  #obstacle: string | null = null;

  constructor(state: SessionState) {
    this.#state = state;
    this.#inBlock = state.replicaBlock !== null;
  }

  read(bytes: Buffer): ReplicableSegment | Obstacle {
    const scanner = frontendScanner();
    scanner.push(bytes);
    for (let size = 0; scanner.advance();) {
      if (!scanner.last) return NOT_WHOLE;
      size += scanner.size;
      const { type, buffer, start, end } = scanner;
      const isQuery = type === FrontendType.query;
      const fits = isQuery
        ? this.#runs(inspect(this.#state, decodeQuery(buffer, start, end)))
        : type === FrontendType.sync || this.#extended(scanner);
      if (!fits) return { obstacle: this.#obstacle ?? "not only reads" };
      if (!isQuery && type !== FrontendType.sync) continue;
      const segment = bytes.subarray(0, size);
      if ((this.#inBlock || this.#begin !== null) && mayAskTheTime(segment)) return ASKS_THE_TIME;
      const names = [...this.#prepared.keys()].filter((name) => name !== "");
      return { bytes: segment, names, begin: this.#begin, takesSnapshot: this.#takesSnapshot };
    }
    return NOT_WHOLE;
  }

  #extended(message: MessageScanner): boolean {
    const { type, buffer, start, end } = message;
    switch (type) {
      case FrontendType.parse:
        return this.#parse(message);
      case FrontendType.bind: {
        const { portal, statement } = decodeBindNames(buffer, start, end);
        this.#bound = this.#route(statement);
        return portal === "" && this.#role(this.#bound) !== null;
      }
      case FrontendType.describe: {
        const { target, name } = decodeTarget(buffer, start, end);
        if (target === "portal") return name === "" && this.#bound !== null;
        return this.#role(this.#route(name)) !== null;
      }
      case FrontendType.execute: {
        const { portal, maxRows } = decodeExecute(buffer, start, end);
        return portal === "" && maxRows === 0 && this.#runs(this.#bound);
      }
      case FrontendType.close: {
        // Of a statement that servers know by another name: closed without a server.
        const { target, name } = decodeTarget(buffer, start, end);
        return target === "statement" && (name === "" || this.#state.statements.get(name)?.body !== undefined);
      }
      default:
        return false;
    }
  }

  #parse({ buffer, start, end }: MessageScanner): boolean {
    const { name, query } = decodeParse(buffer, start, end);
    // A name that is taken is an error, which the primary has to tell.
    if (name !== "" && (this.#state.statements.get(name) !== undefined || this.#prepared.has(name))) return false;
    const route = inspect(this.#state, query);
    this.#prepared.set(name, route);
    return this.#role(route) !== null;
  }

  /** What the name stands for; null: unknown, or too large to be prepared again elsewhere. */
  #route(name: string): PreparedRoute | null {
    const prepared = this.#prepared.get(name);
    if (prepared !== undefined) return prepared;
    const known = this.#state.statements.get(name);
    if (known?.body === undefined) return null;
    // Its text is not among the segment's bytes.
    if ((this.#inBlock || this.#begin !== null) && mayAskTheTime(known.body)) {
      this.#obstacle = ASKS_THE_TIME.obstacle;
      return null;
    }
    return known.route;
  }

  #role(route: PreparedRoute | null): Role | null {
    if (route === null || route.command !== null) return null;
    const { info } = route;
    if (info.kind === "empty") return this.#inBlock ? "read" : null;
    if (readsAlike(info)) {
      this.#takesSnapshot = true;
      return "read";
    }
    if (info.kind !== "transaction") return null;
    const { parameters, pooling } = this.#state;
    const role = blockStatement(info, parameters.get("default_transaction_read_only") === "on");
    if (typeof role === "string" && pooling?.seat.mode === "transaction") return role;
    if (typeof role !== "string") this.#obstacle = role.obstacle;
    return null;
  }

  /** One statement after the other: a beginning where there is no block, an end where there is one, reads between them. */
  #runs(route: PreparedRoute | null): boolean {
    const role = this.#role(route);
    if (role === null || this.#ended) return false;
    if (role === "read") {
      this.#hasRead = true;
      return true;
    }
    if (role === "end") {
      this.#ended = true;
      return this.#inBlock || this.#begin !== null;
    }
    if (this.#inBlock || this.#begin !== null || this.#hasRead) return false;
    this.#begin = route?.info.normalized ?? null;
    return true;
  }
}
