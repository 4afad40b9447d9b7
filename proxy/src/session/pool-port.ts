import type { Duplex } from "node:stream";
import type { FreshetError, PoolMode } from "@freshet/base";
import type { Lsn } from "@freshet/values";
import type { MessageScanner } from "@freshet/wire";
import type { PreparedStatement } from "./prepared-statement.ts";
import type { ReportedSettings } from "./reported-settings.ts";
import type { ServerStatements } from "./server-statements.ts";

/** What a session hears of its server connection. */
export interface ServerEvents {
  /** The chunk is good until it returns; true: it is still needed after that. */
  data(chunk: Buffer): boolean;
  drain(): void;
  /** The server has ended the connection. */
  gone(): void;
}

/** A server connection as a session uses it. */
export interface ServerChannel {
  readonly socket: Duplex;
  /** Holds what has come and not been looked at. */
  readonly scanner: MessageScanner;
  /** Null: the session is done with it. */
  listen(events: ServerEvents | null): void;
  /** Sends a CancelRequest for it. */
  cancel(): void;
}

/** A server connection that sessions take turns on. */
export interface PooledServer extends ServerChannel {
  readonly statements: ServerStatements;
  /** Whose Parse the unnamed statement there is; null: nobody's who could still use it. */
  unnamed: PreparedStatement | null;
  /** ParameterStatus values as last reported there. */
  readonly reported: ReportedSettings;
  /** Settings that have been set there, with their values. */
  applied: ReadonlyMap<string, string>;
  /** Something unknown has run there: settings may have been set whose names nobody knows. */
  unknownSettings: boolean;
}

/** What a session tells about itself. */
export interface SessionActivity {
  readonly state: "idle" | "waiting" | "active" | "idle in transaction";
  /** Monotonic ms at which it came into this state. */
  readonly since: number;
  /** When the present transaction began; null outside of one. */
  readonly transactionSince: number | null;
  /** Why it keeps its server connection. */
  readonly pins: readonly string[];
}

/** How a session left its server connection. */
export type ServerCondition = "clean" | "to-reset" | "in-transaction" | "broken";

/** A replica that a session may read from. */
export interface ReplicaReader {
  readonly name: string;
  /** As `PoolSeat.acquire`; released in the same way. */
  acquire(settings: ReadonlyMap<string, string>): PooledServer | Promise<PooledServer>;
  /** A read there is over. `retried`: the primary answers it. */
  done(retried: boolean): void;
}

/** A client's place in its pool. */
export interface PoolSeat {
  readonly mode: Exclude<PoolMode, "none">;
  readonly maxPreparedStatements: number;
  /**
   * A server connection with these settings in force. Rejects with a FreshetError when there is none in time.
   * Only one may be asked for or held at a time.
   */
  acquire(settings: ReadonlyMap<string, string>): PooledServer | Promise<PooledServer>;
  release(server: PooledServer, condition: ServerCondition): void;
  readonly hasReplicas: boolean;
  /** A replica that has replayed that much; null: there is none. */
  replica(lsn: Lsn): ReplicaReader | null;
  /** For the statistics: a statement's end, a transaction's end. */
  queryDone(milliseconds: number): void;
  transactionDone(milliseconds: number): void;
  transferred(received: number, sent: number): void;
  /** The session is there (`terminate` ends it) … */
  joined(session: PooledSession): void;
  /** … and gone. */
  left(): void;
}

/** A session as its pool sees it. */
export interface PooledSession {
  activity(): SessionActivity;
  terminate(error: FreshetError): void;
  /** Interrupts what is done for it here. False: nothing, so it is for the server. */
  interrupt(): boolean;
  /** Interrupts what its server connection does for it, if anything. */
  cancel(): void;
}
