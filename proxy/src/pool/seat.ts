import type { PoolMode } from "@freshet/base";
import type { PooledServer, PooledSession, PoolSeat, ServerCondition } from "../session/pool-port.ts";
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
  #left = false;

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
    return { owner: this, startupKey: this.#parts.startupKey, startup: this.#parts.startup, settings };
  }

  acquire(settings: Settings): ServerConnection | Promise<ServerConnection> {
    const acquired = this.pool.acquire(this.wish(settings));
    if (acquired instanceof Promise) return acquired.then((server) => this.#got(server));
    return this.#got(acquired);
  }

  release(server: PooledServer, condition: ServerCondition): void {
    this.server = null;
    if (server instanceof ServerConnection) this.pool.release(server, condition);
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
    this.session = null;
    this.#parts.onLeft(this);
  }

  #got(server: ServerConnection): ServerConnection {
    this.server = server;
    return server;
  }
}
