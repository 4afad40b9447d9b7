import { BackendType } from "@freshet/wire";
import type { PooledServer, PoolSeat, ReplicaReader } from "./pool-port.ts";
import type { Segment } from "./segment.ts";

/** A segment that surely only reads, whole. */
export interface ReplicableSegment {
  /** All of its messages, in memory of their own. */
  readonly bytes: Buffer;
  /** Statements that it prepares. */
  readonly names: readonly string[];
  /** The statement with which it begins a read-only transaction block; null: it does not. */
  readonly begin: string | null;
  /** Something in it has a snapshot taken. */
  readonly takesSnapshot: boolean;
}

/** A read-only transaction block whose statements a replica has answered so far. */
export interface ReplicaBlock {
  readonly reader: ReplicaReader;
  /** What began it. */
  readonly begin: string;
  /** A snapshot has been taken in it: what must be set before any query cannot be set any more. */
  hasSnapshot: boolean;
}

/** Values that the client may have been told of the primary, and that need not be a replica's. */
export const OWN_SETTINGS: ReadonlySet<string> = new Set(["in_hot_standby", "server_version"]);
/** The client, or its statement_timeout, has ended the statement: that is its answer. */
const QUERY_CANCELED = "57014";

/**
 * One segment that may be answered by a replica. Until the first row comes the client is shown nothing of it, so that
 * the primary can answer in the replica's place, whatever went wrong there.
 */
export class ReplicaRead {
  readonly parts: ReplicableSegment;
  readonly segment: Segment;
  /** An error has come that the primary may not have. */
  failed = false;
  /** The session has, or had, a connection to the replica for it. */
  connected: boolean;
  readonly reader: ReplicaReader;
  readonly #emit: (bytes: Buffer) => void;
  #held: Buffer[] | null = [];

  /** `connected`: it is one of a block's, on the connection that the session has there. */
  constructor(
    reader: ReplicaReader,
    parts: ReplicableSegment,
    segment: Segment,
    emit: (bytes: Buffer) => void,
    connected = false,
  ) {
    this.reader = reader;
    this.connected = connected;
    this.parts = parts;
    this.segment = segment;
    this.#emit = emit;
  }

  /** Where it is read; null: on the primary after all. */
  get replica(): string | null {
    return this.connected ? this.reader.name : null;
  }

  /** The client has been shown nothing yet. */
  get isHolding(): boolean {
    return this.#held !== null;
  }

  /** Whether such a message waits; a row, or what the client has to know in any case, ends that for all. */
  holds(type: number): boolean {
    if (type === BackendType.dataRow || type === BackendType.parameterStatus) this.release();
    return this.#held !== null;
  }

  hold(bytes: Buffer): void {
    this.#held?.push(bytes);
  }

  /** Shows the client what was held back. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const bytes of held) this.#emit(bytes);
  }

  erred(code: string | undefined): void {
    if (this.isHolding && code !== QUERY_CANCELED) this.failed = true;
  }

  /** A connection to the replica, or to the primary where there is none that does. */
  acquire(
    seat: PoolSeat,
    settings: ReadonlyMap<string, string>,
    parameters: ReadonlyMap<string, string>,
  ): PooledServer | Promise<PooledServer> {
    const acquired = this.reader.acquire(settings);
    const take = (server: PooledServer): PooledServer | Promise<PooledServer> => {
      if (reportsAlike(server, parameters)) {
        this.connected = true;
        return server;
      }
      seat.release(server, "clean");
      return this.#fallBack(seat, settings);
    };
    // Whatever keeps the replica from being used, the primary may not have it.
    return acquired instanceof Promise ? acquired.then(take, () => this.#fallBack(seat, settings)) : take(acquired);
  }

  /** It is over; `retried`: the primary answers in the replica's place. */
  end(retried: boolean): void {
    if (this.connected) this.reader.done(retried);
  }

  #fallBack(seat: PoolSeat, settings: ReadonlyMap<string, string>): PooledServer | Promise<PooledServer> {
    this.release();
    return seat.acquire(settings);
  }
}

function reportsAlike(server: PooledServer, parameters: ReadonlyMap<string, string>): boolean {
  for (const [name, value] of server.reported.values)
    if (parameters.get(name) !== value && !OWN_SETTINGS.has(name)) return false;
  return true;
}
