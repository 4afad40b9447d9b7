import { FreshetError, type Logger, type PoolConfiguration, SqlState, assert, now, wallTime } from "@freshet/base";
import type { Lsn } from "@freshet/values";
import type { Replica } from "../replicas/replica.ts";
import type { Replicas } from "../replicas/replicas.ts";
import { Pool, type PoolParts, type ServerWish } from "./pool.ts";
import { type PoolLimits, poolLimits } from "./pool-limits.ts";
import type { Applicant } from "../authentication/authenticator.ts";
import type { ClientStartup } from "../authentication/client-login.ts";
import { type ServerSecret, isSameSecret } from "../authentication/secrets.ts";
import type { ConsoleFamily } from "../console/console-family.ts";
import { clientTimeout } from "./client-timeouts.ts";
import { type ServerAddress, ServerConnection } from "./server-connection.ts";
import { type ReplicaPool, Seat } from "./seat.ts";

export interface PoolsParts {
  readonly configuration: PoolConfiguration;
  readonly address: ServerAddress;
  /** Standbys that reads may go to; left out or null: none. */
  readonly replicas?: Replicas | null;
  readonly logger: Logger;
  /** Reads the configuration again; tells what is wrong with it. Left out: there is nothing to be read. */
  readonly reload?: () => string | null;
  /** Left out or null: this process is alone. */
  readonly family?: ConsoleFamily | null;
  /** Ends the process in good order. */
  readonly shutDown?: () => void;
}

/** How often time-outs are looked at. */
const MAINTENANCE_MS = 250;
/** Per pool: what the server reports for different startup parameters. */
const MAX_WELCOMES = 64;

/** When SHUTDOWN ends the process. */
export type ShutdownTime = "now" | "servers" | "clients";

/** All pools of one process: who may come in, and the limits that go across pools. */
export class Pools {
  /** With what users' pools log in to the server; in memory alone. */
  readonly #secrets = new Map<string, ServerSecret>();
  readonly #parts: PoolsParts;
  readonly #pools = new Map<string, Pool>();
  readonly #replicaPools = new Map<string, Pool>();
  readonly #seats = new Set<Seat>();
  readonly #welcomes = new Map<string, ReadonlyMap<string, string>>();
  readonly #disabled = new Set<string>();
  readonly #pausedDatabases = new Set<string>();
  readonly #timer: ReturnType<typeof setInterval>;
  #configuration: PoolConfiguration;
  #clientId = 0;
  #allPaused = false;
  #growing = false;
  #stopped = false;
  /** No more clients come in. */
  #closing = false;
  readonly #whenEmpty: (() => void)[] = [];

  constructor(parts: PoolsParts) {
    this.#parts = parts;
    this.#configuration = parts.configuration;
    this.#timer = setInterval(() => this.#maintain(), MAINTENANCE_MS);
    this.#timer.unref();
    this.replicas?.onChange((replica, isUp) => this.#replicaChanged(replica, isUp));
  }

  get configuration(): PoolConfiguration {
    return this.#configuration;
  }

  get all(): readonly Pool[] {
    return [...this.#pools.values()];
  }

  /** Where others serve the same clients. */
  get family(): ConsoleFamily | null {
    return this.#parts.family ?? null;
  }

  get replicas(): Replicas | null {
    return this.#parts.replicas ?? null;
  }

  /** Those whose connections are to replicas. */
  get ofReplicas(): readonly Pool[] {
    return [...this.#replicaPools.values()];
  }

  get seats(): ReadonlySet<Seat> {
    return this.#seats;
  }

  limits(database: string, user: string): PoolLimits {
    return poolLimits(this.#configuration, database, user);
  }

  /** The same, worked out anew only when the settings are others. */
  #limitsOf(database: string, user: string): () => PoolLimits {
    let configuration: PoolConfiguration | null = null;
    let limits: PoolLimits | null = null;
    return () => {
      if (limits === null || configuration !== this.#configuration) {
        configuration = this.#configuration;
        limits = poolLimits(configuration, database, user);
      }
      return limits;
    };
  }

  isDisabled(database: string): boolean {
    return this.#disabled.has(database);
  }

  isPaused(database: string): boolean {
    return this.#allPaused || this.#pausedDatabases.has(database);
  }

  /** New settings, for clients and connections that are there too. */
  reconfigure(configuration: PoolConfiguration): void {
    this.#configuration = configuration;
    this.#maintain();
  }

  /** Whether such a client shares connections; else it gets one of its own. */
  covers({ applicant, isReplication }: ClientStartup): boolean {
    return !isReplication && this.limits(applicant.database, applicant.user).mode !== "none";
  }

  /** A client has been let in, and has shown with what the server can be logged in to in its name. */
  learnt(user: string, secret: ServerSecret): void {
    if (secret.kind === "none") return;
    const known = this.#secrets.get(user);
    this.#secrets.set(user, secret);
    if (known === undefined || isSameSecret(known, secret)) return;
    // Logins that failed with the old one say nothing any more.
    for (const pool of this.#of(null)) if (pool.user === user) pool.forgetFailures();
  }

  /** A place for an authenticated client. Throws when it cannot have one. */
  seat({ user, database, address }: Applicant, startup: ReadonlyMap<string, string>): Seat {
    const { mode } = this.limits(database, user);
    assert(mode !== "none", "only a pooled client takes a seat");
    const { maxClientConn } = this.#configuration.options;
    if (this.#stopped || this.#closing) throw new FreshetError(SqlState.cannotConnectNow, "Freshet is shutting down");
    if (this.#seats.size >= maxClientConn) {
      throw new FreshetError(SqlState.tooManyConnections, "no more connections allowed (max_client_conn)");
    }
    if (this.#disabled.has(database)) {
      throw new FreshetError(SqlState.cannotConnectNow, `database "${database}" is disabled by the administrator`);
    }
    const shared = [...startup].filter(([name]) => !isOwn(name)).toSorted(([left], [right]) => (left < right ? -1 : 1));
    const dbname = this.#configuration.databases.get(database)?.dbname ?? database;
    const pool = this.#pool(database, user);
    const seat = new Seat({
      pool,
      mode,
      limits: pool.limits,
      identity: {
        id: ++this.#clientId,
        database,
        user,
        address: address ?? "unix",
        applicationName: startup.get("application_name") ?? "",
        connectedAt: wallTime(),
      },
      startupKey: JSON.stringify(shared),
      startup: new Map([["user", user], ["database", dbname], ...shared]),
      onLeft: (left) => this.#left(left),
      ...(this.replicas === null ? {} : { replica: (lsn: Lsn) => this.#replica(database, user, lsn) }),
    });
    this.#seats.add(seat);
    return seat;
  }

  /**
   * What a server says at the beginning of a session with the seat's startup parameters. The first time a connection is asked, so that
   * parameters which the server refuses are refused at login.
   */
  async welcome(seat: Seat): Promise<ReadonlyMap<string, string>> {
    const { startupKey } = seat.wish(new Map());
    const key = JSON.stringify([seat.identity.database, seat.identity.user, startupKey]);
    const known = this.#welcomes.get(key);
    if (known !== undefined) return known;
    const server = await seat.acquire(new Map());
    const parameters = new Map(server.reported.values);
    seat.release(server, "clean");
    const [oldest] = this.#welcomes.keys();
    if (this.#welcomes.size >= MAX_WELCOMES && oldest !== undefined) this.#welcomes.delete(oldest);
    this.#welcomes.set(key, parameters);
    return parameters;
  }

  /** Stops giving out connections; resolves when all are back. Null: of all databases. */
  async pause(database: string | null): Promise<void> {
    if (database === null) this.#allPaused = true;
    else this.#pausedDatabases.add(database);
    await Promise.all(this.#of(database).map((pool) => pool.pause()));
  }

  resume(database: string | null): void {
    if (database === null) {
      this.#allPaused = false;
      this.#pausedDatabases.clear();
    } else {
      this.#pausedDatabases.delete(database);
    }
    for (const pool of this.#of(database)) if (!this.isPaused(pool.database)) pool.resume();
  }

  reconnect(database: string | null): void {
    this.#welcomes.clear();
    for (const pool of this.#of(database)) pool.reconnect();
  }

  disable(database: string): void {
    this.#disabled.add(database);
  }

  enable(database: string): void {
    this.#disabled.delete(database);
  }

  /** Ends all clients and connections at once; databases stay paused until RESUME. */
  kill(database: string | null): void {
    const error = new FreshetError(SqlState.adminShutdown, "terminating connection due to administrator command");
    for (const seat of this.#seats) {
      if (database === null || seat.identity.database === database) seat.session?.terminate(error);
    }
    void this.pause(database);
    for (const pool of this.#of(database)) pool.kill(error);
  }

  /** Whether the client asks for the admin console. */
  isConsole({ applicant, isReplication }: ClientStartup): boolean {
    return !isReplication && applicant.database === this.#configuration.options.adminDatabase;
  }

  /** RELOAD. Throws a FreshetError when the file is wrong; the settings are as before then. */
  reload(): void {
    const problem = this.#parts.reload?.() ?? null;
    if (problem !== null) throw new FreshetError(SqlState.configFileError, problem);
  }

  /** SHUTDOWN: at once, when all server connections have come back, or when all clients have left. */
  async shutDown(when: ShutdownTime): Promise<void> {
    await this.quiesce(when);
    this.#parts.shutDown?.();
  }

  /** Takes no more clients, and resolves when SHUTDOWN would end the process. */
  async quiesce(when: ShutdownTime): Promise<void> {
    if (when !== "now") this.#closing = true;
    if (when === "servers") await this.pause(null);
    if (when === "clients" && this.#seats.size > 0) await new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
  }

  /** Ends what is left. Clients have gone before. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    const error = new FreshetError(SqlState.cannotConnectNow, "Freshet is shutting down");
    for (const pool of this.#of(null)) {
      void pool.pause();
      pool.kill(error);
    }
  }

  #left(seat: Seat): void {
    this.#seats.delete(seat);
    if (this.#seats.size === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  #of(database: string | null): readonly Pool[] {
    return [...this.all, ...this.ofReplicas].filter((pool) => database === null || pool.database === database);
  }

  #pool(database: string, user: string): Pool {
    const key = JSON.stringify([database, user]);
    const known = this.#pools.get(key);
    if (known !== undefined) return known;
    const pool = this.#newPool(database, user, null);
    this.#pools.set(key, pool);
    return pool;
  }

  #newPool(database: string, user: string, replica: Replica | null): Pool {
    const address = replica?.address ?? this.#parts.address;
    const parts: PoolParts = {
      limits: this.#limitsOf(database, user),
      logger: this.#parts.logger,
      open: (asking, wish, onGone) => this.#open(address, asking, wish, onGone),
      closed: () => this.#growLater(),
    };
    const pool = new Pool(database, user, parts, replica?.name ?? null);
    if (this.isPaused(database)) void pool.pause();
    return pool;
  }

  #replica(database: string, user: string, lsn: Lsn): ReplicaPool | null {
    const replica = this.replicas?.choose(lsn) ?? null;
    if (replica === null) return null;
    const key = JSON.stringify([database, user, replica.name]);
    const pool = this.#replicaPools.get(key) ?? this.#newPool(database, user, replica);
    this.#replicaPools.set(key, pool);
    return { replica, pool };
  }

  #replicaChanged(replica: Replica, isUp: boolean): void {
    const error = new FreshetError(SqlState.connectionFailure, `replica ${replica.name} does not answer`);
    for (const pool of this.ofReplicas.filter((one) => one.replica === replica.name)) {
      if (isUp) pool.reconnect();
      else pool.lose(error);
    }
  }

  #open(
    address: ServerAddress,
    pool: Pool,
    wish: ServerWish,
    onGone: (server: ServerConnection) => void,
  ): Promise<ServerConnection> | null {
    const { maxDbConnections, maxUserConnections, connectTimeoutMs } = this.limits(pool.database, pool.user);
    const isFull =
      !this.#roomFor(pool, maxDbConnections, (other) => other.database === pool.database) ||
      !this.#roomFor(pool, maxUserConnections, (other) => other.user === pool.user);
    if (isFull || this.#stopped) return null;
    return ServerConnection.open(
      {
        address,
        credentials: { user: pool.user, secret: this.#secrets.get(pool.user) ?? { kind: "none" } },
        startup: wish.startup,
        timeoutMs: connectTimeoutMs,
        onGone,
      },
      wish.startupKey,
    );
  }

  /** Whether one more connection is within a limit over several pools; an unused one of another pool makes room. */
  #roomFor(pool: Pool, limit: number, counts: (other: Pool) => boolean): boolean {
    if (limit === 0) return true;
    // Each server has limits of its own.
    const pools = this.#of(null).filter((other) => other.replica === pool.replica && counts(other));
    if (pools.reduce((sum, { size }) => sum + size, 0) < limit) return true;
    const unused = pools
      .filter((other) => other !== pool && other.oldestIdle !== null)
      .toSorted((left, right) => (left.oldestIdle ?? 0) - (right.oldestIdle ?? 0));
    return unused.some((other) => other.evict());
  }

  /** A place has become free: those who wait elsewhere may have it. */
  #growLater(): void {
    if (this.#growing) return;
    this.#growing = true;
    setImmediate(() => {
      this.#growing = false;
      if (this.#stopped) return;
      for (const pool of this.#of(null)) if (pool.waiting > 0) pool.grow();
    });
  }

  #maintain(): void {
    const time = now();
    for (const pool of this.#of(null)) pool.maintain();
    for (const seat of this.#seats) {
      const { session } = seat;
      const error = session === null ? null : clientTimeout(session.activity(), seat.limits(), time);
      if (error !== null) session?.terminate(error);
    }
    this.#warm();
  }

  /** min_pool_size, for pools with clients. */
  #warm(): void {
    for (const seat of this.#seats) {
      const { minPoolSize, poolSize } = seat.limits();
      if (seat.pool.size < Math.min(minPoolSize, poolSize)) seat.pool.warm(seat.wish(new Map()));
    }
  }
}

/** Startup parameters that are no reason for a server connection of one's own. */
function isOwn(name: string): boolean {
  return ["user", "database", "application_name", "replication"].includes(name) || name.startsWith("_pq_.");
}
