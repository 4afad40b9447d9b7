import { FreshetError, type PoolMode, SqlState } from "@freshet/base";
import type { Lsn } from "@freshet/values";
import type { Replica } from "../replicas/replica.ts";
import type { PooledServer, PooledSession, PoolSeat, ReplicaReader, ServerCondition } from "../session/pool-port.ts";
import type { Pool, ServerWish } from "./pool.ts";
import type { PoolLimits } from "./pool-limits.ts";
import { ServerConnection } from "./server-connection.ts";
import type { Settings } from "./settings-replay.ts";

/** Who a client is. */
export interface ClientIdentity {
  readonly id: number;
  readonly database: string;
  readonly user: string;
  readonly address: string;
  readonly applicationName: string;
  /** Since 1970, in ms. */
  readonly connectedAt: number;
}

export interface SeatParts {
  readonly pool: Pool;
  readonly mode: Exclude<PoolMode, "none">;
  readonly limits: () => PoolLimits;
  readonly identity: ClientIdentity;
  readonly startupKey: string;
  readonly startup: ReadonlyMap<string, string>;
  readonly onLeft: (seat: Seat) => void;
  /** A replica that has replayed that much, and its pool for this client; left out: there are none. */
  readonly replica?: (lsn: Lsn) => ReplicaPool | null;
}

/** A replica with the pool of one database and user there. */
export interface ReplicaPool {
  readonly replica: Replica;
  readonly pool: Pool;
}

/** One client's place in its pool. */
export class Seat implements PoolSeat {
  readonly mode: Exclude<PoolMode, "none">;
  readonly pool: Pool;
  readonly identity: ClientIdentity;
  readonly limits: () => PoolLimits;
  session: PooledSession | null = null;
  /** What it has or last had; for SHOW CLIENTS. */
  server: ServerConnection | null = null;
  readonly #parts: SeatParts;
  /** Where the server connection is from that is asked for or held; null: from its pool. */
  #elsewhere: ReplicaPool | null = null;
  #left = false;
  /** The last one: it is the same until settings change. */
  #wish: ServerWish | null = null;

  constructor(parts: SeatParts) {
    this.#parts = parts;
    this.mode = parts.mode;
    this.pool = parts.pool;
    this.identity = parts.identity;
    this.limits = parts.limits;
  }

  get maxPreparedStatements(): number {
    return this.#parts.limits().maxPreparedStatements;
  }

  wish(settings: Settings): ServerWish {
    if (this.#wish?.settings !== settings) {
      const { startupKey, startup } = this.#parts;
      this.#wish = { owner: this, startupKey, startup, settings };
    }
    return this.#wish;
  }

  get hasReplicas(): boolean {
    return this.#parts.replica !== undefined;
  }

  replica(lsn: Lsn): ReplicaReader | null {
    const found = this.#parts.replica?.(lsn) ?? null;
    if (found === null) return null;
    const { replica } = found;
    return {
      name: replica.name,
      acquire: (settings) => this.#acquireFrom(found, settings),
      done: (retried) => {
        replica.reads++;
        if (retried) replica.retries++;
      },
    };
  }

  async #acquireFrom(found: ReplicaPool, settings: Settings): Promise<ServerConnection> {
    this.#elsewhere = found;
    found.replica.active++;
    try {
      const server = await found.pool.acquire(this.wish(settings));
      if (!this.#left) return this.#got(server);
      found.pool.release(server, "clean");
      throw new FreshetError(SqlState.connectionFailure, "the client has left");
    } catch (thrown) {
      this.#leaveReplica();
      throw thrown;
    }
  }

  #leaveReplica(): void {
    if (this.#elsewhere !== null) this.#elsewhere.replica.active--;
    this.#elsewhere = null;
  }

  acquire(settings: Settings): ServerConnection | Promise<ServerConnection> {
    const acquired = this.pool.acquire(this.wish(settings));
    if (acquired instanceof Promise) return acquired.then((server) => this.#got(server));
    return this.#got(acquired);
  }

  release(server: PooledServer, condition: ServerCondition): void {
    this.server = null;
    const { pool } = this.#elsewhere ?? this;
    this.#leaveReplica();
    if (server instanceof ServerConnection) pool.release(server, condition);
  }

  /** A cancel request of the client's: for what is done for it now, on whatever connection. Resolves when it has been passed on. */
  async cancel(): Promise<void> {
    if (this.session === null || this.session.interrupt()) return;
    const { server } = this;
    this.session.cancel();
    await server?.whenSettled();
  }

  queryDone(milliseconds: number): void {
    this.pool.statistics.queries++;
    this.pool.statistics.queryTime += milliseconds;
  }

  transactionDone(milliseconds: number): void {
    this.pool.statistics.transactions++;
    this.pool.statistics.transactionTime += milliseconds;
  }

  transferred(received: number, sent: number): void {
    this.pool.statistics.received += received;
    this.pool.statistics.sent += sent;
  }

  joined(session: PooledSession): void {
    this.session = session;
  }

  left(): void {
    if (this.#left) return;
    this.#left = true;
    this.pool.withdraw(this);
    this.#elsewhere?.pool.withdraw(this);
    if (this.server === null) this.#leaveReplica();
    this.session = null;
    this.#parts.onLeft(this);
  }

  #got(server: ServerConnection): ServerConnection {
    this.server = server;
    return server;
  }
}
