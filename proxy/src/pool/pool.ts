import { FreshetError, type Logger, SqlState, now } from "@freshet/base";
import { toFreshetError } from "@freshet/wire";
import type { ServerCondition } from "../session/pool-port.ts";
import { type PoolStatistics, noStatistics } from "./pool-statistics.ts";
import type { PoolLimits } from "./pool-limits.ts";
import type { ServerConnection } from "./server-connection.ts";
import { type Settings, replaySql } from "./settings-replay.ts";

/** What a client needs a server connection to be. */
export interface ServerWish {
  /** Whose wish it is: gets the connection back that it had, where that is free. */
  readonly owner: object;
  readonly startupKey: string;
  readonly startup: ReadonlyMap<string, string>;
  readonly settings: Settings;
}

interface Waiter {
  readonly wish: ServerWish;
  readonly since: number;
  readonly resolve: (server: ServerConnection) => void;
  readonly reject: (error: FreshetError) => void;
}

/** What a pool shares with the others. */
export interface PoolParts {
  readonly limits: () => PoolLimits;
  readonly logger: Logger;
  /** Opens a connection, or null when connections of all pools together are at a limit. */
  readonly open: (
    pool: Pool,
    wish: ServerWish,
    onGone: (server: ServerConnection) => void,
  ) => Promise<ServerConnection> | null;
  /** A connection has been closed: another pool may have waited for that. */
  readonly closed: () => void;
}

/** How long the first in the queue is passed over for the sake of clients that a free connection fits. */
const FIT_MS = 100;

/** The server connections of one database and user, and the clients that wait for one: first come, first served. */
export class Pool {
  readonly database: string;
  readonly user: string;
  /** The replica that its connections are to; null: to the primary. */
  readonly replica: string | null;
  readonly statistics: PoolStatistics = noStatistics();
  readonly #parts: PoolParts;
  /** The last one was used most recently. */
  readonly #idle: ServerConnection[] = [];
  readonly #active = new Map<ServerConnection, object>();
  readonly #failures = new Map<string, { readonly at: number; readonly error: FreshetError }>();
  #waiting: Waiter[] = [];
  #opening = 0;
  #paused = false;
  #whenDrained: (() => void)[] = [];

  constructor(database: string, user: string, parts: PoolParts, replica: string | null = null) {
    this.database = database;
    this.user = user;
    this.replica = replica;
    this.#parts = parts;
  }

  get limits(): () => PoolLimits {
    return this.#parts.limits;
  }

  get idle(): readonly ServerConnection[] {
    return this.#idle;
  }

  get active(): ReadonlyMap<ServerConnection, object> {
    return this.#active;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get opening(): number {
    return this.#opening;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Connections that are open or being opened. */
  get size(): number {
    return this.#idle.length + this.#active.size + this.#opening;
  }

  /** How long the first in the queue has waited, in ms. */
  get longestWait(): number {
    const [first] = this.#waiting;
    return first === undefined ? 0 : now() - first.since;
  }

  /** At once where a connection is free that needs nothing done to it; else when it is the wish's turn. */
  acquire(wish: ServerWish): ServerConnection | Promise<ServerConnection> {
    if (this.#waiting.length === 0 && !this.#paused) {
      const server = this.#takeIdle(wish);
      if (server !== null) return this.#hand(server, wish);
      const failure = this.#recentFailure(wish.startupKey);
      if (failure !== null) return Promise.reject(failure);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ wish, since: now(), resolve, reject });
      this.grow();
    });
  }

  /** Takes the wish out of the queue; false: it is not in it (any more). */
  withdraw(owner: object): boolean {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter(({ wish }) => wish.owner !== owner);
    return this.#waiting.length < before;
  }

  /** A connection comes back. One with something left behind is cleaned, one that is no use any more is closed. */
  release(server: ServerConnection, condition: ServerCondition): void {
    if (!this.#active.has(server)) return;
    server.listen(null);
    if (condition === "broken" || server.closed) this.#discard(server);
    else if (condition === "clean") this.#settle(server);
    else void this.#reset(server, condition === "in-transaction");
  }

  /** Opens connections for those who wait, as far as the limits let it. */
  grow(): void {
    if (this.#paused) return;
    const { poolSize, reserveSize, reserveTimeoutMs } = this.#parts.limits();
    const reserve = this.longestWait >= reserveTimeoutMs ? reserveSize : 0;
    // Connections being opened are spoken for by as many of those who wait.
    for (let next = this.#opening; next < this.#waiting.length; next = this.#opening) {
      const waiter = this.#waiting[next];
      if (waiter === undefined || this.#recentFailure(waiter.wish.startupKey) !== null) return;
      if (this.size >= poolSize + reserve && !this.#evict()) return;
      if (!this.#open(waiter.wish)) return;
    }
  }

  /** Opens one for later use: `min_pool_size`. */
  warm(wish: ServerWish): void {
    if (!this.#paused && this.#recentFailure(wish.startupKey) === null) this.#open(wish);
  }

  /** Closes the connection that was unused for longest, so that another may be opened; false: all are in use. */
  #evict(): boolean {
    const [oldest] = this.#idle;
    if (oldest === undefined) return false;
    this.#discard(oldest);
    return true;
  }

  /** The same for another pool's sake. */
  evict(): boolean {
    return this.#waiting.length === 0 && this.#evict();
  }

  /** When the idle connection that was unused for longest came back; null: there is none. */
  get oldestIdle(): number | null {
    return this.#idle[0]?.usedAt ?? null;
  }

  /** Gives out no more connections; resolves when all have come back and are closed. */
  pause(): Promise<void> {
    this.#paused = true;
    while (this.#evict());
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenDrained.push(resolve));
  }

  resume(): void {
    this.#paused = false;
    this.grow();
  }

  /** The next client that needs a connection tries to open one, whatever became of the last. */
  forgetFailures(): void {
    this.#failures.clear();
  }

  /** Closes what is idle, and what is in use when it comes back. */
  reconnect(): void {
    this.forgetFailures();
    for (const server of this.#active.keys()) server.outdated = true;
    while (this.#evict());
    this.grow();
  }

  /** The server is gone: whoever uses a connection is told so, and those who wait get the error. */
  lose(error: FreshetError): void {
    for (const server of [...this.#active.keys()]) server.lose();
    this.kill(error);
  }

  /** Ends all at once; those who wait get the error. */
  kill(error: FreshetError): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) waiter.reject(error);
    for (const server of [...this.#idle, ...this.#active.keys()]) this.#discard(server);
  }

  /** Time-outs; called every now and then. */
  maintain(): void {
    const limits = this.#parts.limits();
    const time = now();
    if (limits.queryWaitTimeoutMs > 0) this.#expire(time - limits.queryWaitTimeoutMs);
    for (const server of [...this.#idle]) {
      const tooOld = server.outdated || (limits.lifetimeMs > 0 && time - server.openedAt > limits.lifetimeMs);
      const unused = limits.idleTimeoutMs > 0 && time - server.usedAt > limits.idleTimeoutMs;
      if (tooOld || (unused && this.size > limits.minPoolSize)) this.#discard(server);
    }
    for (const [key, { at }] of this.#failures) if (time - at > limits.loginRetryMs) this.#failures.delete(key);
    this.grow();
  }

  #expire(before: number): void {
    const expired = this.#waiting.filter(({ since }) => since < before);
    if (expired.length === 0) return;
    this.#waiting = this.#waiting.filter(({ since }) => since >= before);
    for (const { reject, since } of expired) {
      this.statistics.waitTime += now() - since;
      reject(
        new FreshetError(SqlState.tooManyConnections, "query_wait_timeout: no server connection became free in time", {
          detail: `All ${this.size} connections of the pool of user "${this.user}" on database "${this.database}" are in use.`,
          hint: "Raise default_pool_size or query_wait_timeout, or make transactions shorter.",
        }),
      );
    }
  }

  #takeIdle(wish: ServerWish): ServerConnection | null {
    let best = -1;
    for (let at = this.#idle.length - 1; at >= 0; at--) {
      const server = this.#idle[at];
      if (server === undefined || server.startupKey !== wish.startupKey) continue;
      if (best < 0) best = at;
      if (server.lastOwner === wish.owner) {
        best = at;
        break;
      }
    }
    return best < 0 ? null : (this.#idle.splice(best, 1)[0] ?? null);
  }

  /** Gives a connection to a wish, with the wish's settings in force. */
  #hand(server: ServerConnection, wish: ServerWish): ServerConnection | Promise<ServerConnection> {
    this.#active.set(server, wish.owner);
    const isOwn = server.lastOwner === wish.owner;
    const replay = replaySql(server.applied, wish.settings, server.unknownSettings && !isOwn);
    const { checkDelayMs, checkQuery } = this.#parts.limits();
    const { isFresh } = server;
    server.isFresh = false;
    const check = !isFresh && now() - server.usedAt > checkDelayMs ? checkQuery : null;
    if (replay === null && check === null) {
      server.lastOwner = wish.owner;
      return server;
    }
    return this.#prepare(server, wish, check, replay);
  }

  async #prepare(
    server: ServerConnection,
    wish: ServerWish,
    check: string | null,
    replay: string | null,
  ): Promise<ServerConnection> {
    try {
      if (check !== null) await server.run(check, this.#parts.limits().connectTimeoutMs);
    } catch (thrown) {
      this.#parts.logger.info({ error: toFreshetError(thrown) }, "a server connection did not pass its check");
      this.#discard(server);
      return this.acquire(wish);
    }
    if (replay !== null) await this.#replay(server, wish, replay);
    server.lastOwner = wish.owner;
    return server;
  }

  async #replay(server: ServerConnection, wish: ServerWish, sql: string): Promise<void> {
    try {
      await server.run(sql, this.#parts.limits().connectTimeoutMs);
    } catch (thrown) {
      this.#discard(server);
      const { code, message } = toFreshetError(thrown);
      throw new FreshetError(code, "the session's settings could not be restored on another server connection", {
        detail: message,
        cause: thrown,
      });
    }
    server.applied = wish.settings;
    server.unknownSettings = false;
  }

  async #reset(server: ServerConnection, inTransaction: boolean): Promise<void> {
    const { resetQuery, connectTimeoutMs } = this.#parts.limits();
    try {
      if (inTransaction) await server.run("ROLLBACK", connectTimeoutMs);
      await server.run(resetQuery, connectTimeoutMs);
      server.applied = new Map();
      server.unknownSettings = false;
      server.statements.clear();
      this.#settle(server);
    } catch (thrown) {
      this.#parts.logger.info(
        { error: toFreshetError(thrown) },
        "a server connection could not be reset: it is closed",
      );
      this.#discard(server);
    }
  }

  /** The connection is free, once no cancel request can hit its next user. */
  #settle(server: ServerConnection): void {
    const settling = server.whenSettled();
    if (settling === null) this.#free(server);
    else void settling.then(() => this.#free(server));
  }

  #free(server: ServerConnection): void {
    if (!this.#active.has(server)) return;
    const { lifetimeMs, poolSize, reserveSize } = this.#parts.limits();
    const time = now();
    const tooOld = server.outdated || (lifetimeMs > 0 && time - server.openedAt > lifetimeMs);
    if (server.closed || tooOld || this.#paused || this.size > poolSize + reserveSize) {
      this.#discard(server);
      return;
    }
    server.usedAt = time;
    this.#active.delete(server);
    this.#serve(server);
  }

  /** Gives a free connection to the next in the queue. */
  #serve(server: ServerConnection): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      server.isFresh = false;
      this.#idle.push(server);
      return;
    }
    const fits = this.#waiting.findIndex(({ wish }) => wish.startupKey === server.startupKey);
    if (fits < 0 || (fits > 0 && now() - first.since > FIT_MS)) {
      // Its place goes to a connection as the first in the queue needs it.
      this.#active.set(server, first.wish.owner);
      this.#discard(server);
      return;
    }
    const [waiter] = this.#waiting.splice(fits, 1);
    if (waiter === undefined) return;
    this.statistics.waitTime += now() - waiter.since;
    const handed = this.#hand(server, waiter.wish);
    if (handed instanceof Promise) handed.then(waiter.resolve, waiter.reject);
    else waiter.resolve(handed);
  }

  #open(wish: ServerWish): boolean {
    const opened = this.#parts.open(this, wish, (server) => this.#discard(server));
    if (opened === null) return false;
    this.#opening++;
    opened.then(
      (server) => {
        this.#opening--;
        this.#failures.delete(wish.startupKey);
        this.#active.set(server, wish.owner);
        server.isFresh = true;
        this.#free(server);
      },
      (thrown: unknown) => {
        this.#opening--;
        this.#failed(wish, toFreshetError(thrown));
      },
    );
    return true;
  }

  /** Those who could wait for nothing else are told; the rest waits for the connections that are there. */
  #failed(wish: ServerWish, error: FreshetError): void {
    this.#parts.logger.warn(
      { error: error.message, database: this.database, user: this.user },
      "a pool could not open a server connection",
    );
    this.#failures.set(wish.startupKey, { at: now(), error });
    const others = [...this.#idle, ...this.#active.keys()].some(({ startupKey }) => startupKey === wish.startupKey);
    if (!others) {
      const told = this.#waiting.filter((waiter) => waiter.wish.startupKey === wish.startupKey);
      this.#waiting = this.#waiting.filter((waiter) => waiter.wish.startupKey !== wish.startupKey);
      for (const waiter of told) waiter.reject(error);
    }
    this.#drained();
    this.#parts.closed();
  }

  #recentFailure(startupKey: string): FreshetError | null {
    const failure = this.#failures.get(startupKey);
    if (failure === undefined || now() - failure.at > this.#parts.limits().loginRetryMs) return null;
    return failure.error;
  }

  #discard(server: ServerConnection): void {
    const at = this.#idle.indexOf(server);
    const known = this.#active.delete(server) || at >= 0;
    if (at >= 0) this.#idle.splice(at, 1);
    server.close();
    if (!known) return;
    this.#drained();
    this.#parts.closed();
  }

  #drained(): void {
    if (!this.#paused || this.size > 0) return;
    const waiting = this.#whenDrained;
    this.#whenDrained = [];
    for (const resolve of waiting) resolve();
  }
}
