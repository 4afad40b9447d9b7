import { type Server, type Socket, createServer } from "node:net";
import { FreshetError, type Logger, SqlState, assert, now } from "@freshet/base";
import type { Pools } from "../pool/pools.ts";
import type { CacheFront, CommandRunner } from "../session/front-ports.ts";
import { NO_METRICS, type ProxyMetrics } from "../session/metrics.ts";
import type { SessionServices } from "../session/session-state.ts";
import type { Authenticator } from "../authentication/authenticator.ts";
import type { ClientTls } from "../tls/client-tls.ts";
import type { UpstreamTlsSettings } from "../tls/upstream-tls.ts";
import type { UpstreamAddress } from "../upstream/address.ts";
import { UpstreamServer } from "../upstream/upstream-server.ts";
import { CancelKeys } from "./cancel-keys.ts";
import { ClientConnection, type ConnectionSettings } from "./client-connection.ts";
import { LoginFailures } from "./login-failures.ts";
import { NO_SIBLINGS, type Siblings } from "./siblings.ts";
import type { AcceptedSocket, ClientSource } from "./client-source.ts";
import { listenOnTcp } from "./shared-listeners.ts";
import { listenOnUnixSocket } from "./unix-socket.ts";

export interface ProxyServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Further clients get SQLSTATE 53300. */
  readonly maxConnections: number;
  /** From accept to the end of login. */
  readonly loginTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** How long `stop` lets clients take their last message. */
  readonly stopTimeoutMs: number;
  /** Beside the port: a Unix socket in this folder. */
  readonly unixSocket?: { readonly directory: string; readonly mode: number };
  /** Failed logins of one address; 0: no limit. */
  readonly loginFailuresPerMinute: number;
}

export const DEFAULT_PROXY_OPTIONS: ProxyServerOptions = {
  host: "127.0.0.1",
  port: 0,
  maxConnections: 1000,
  loginTimeoutMs: 60_000,
  connectTimeoutMs: 10_000,
  stopTimeoutMs: 1000,
  loginFailuresPerMinute: 0,
};

/** Connections over the limit that may wait to be told so. */
const MAX_REFUSED = 256;
/** How long such a connection may take to ask. */
const REFUSED_LOGIN_TIMEOUT_MS = 5000;

export interface ProxyServerParts {
  readonly options: ProxyServerOptions;
  readonly upstream: UpstreamAddress;
  readonly upstreamTls?: UpstreamTlsSettings;
  /** Instead of these two, where somebody else has made it. */
  readonly upstreamServer?: UpstreamServer;
  /** Null or left out: clients are told that there is no TLS. */
  readonly clientTls?: ClientTls | null;
  /** Null or left out: every login is relayed to the upstream. */
  readonly authenticator?: Authenticator | null;
  readonly front: CacheFront;
  readonly commands: CommandRunner;
  readonly logger: Logger;
  readonly metrics?: ProxyMetrics;
  /** Null or left out: every client has a server connection of its own. */
  readonly pools?: Pools | null;
  /** Left out: this process is alone. */
  readonly siblings?: Siblings;
  /** Null or left out: this process listens itself. */
  readonly clients?: ClientSource | null;
}

/** Accepts clients; each gets a session on an upstream connection of its own. */
export class ProxyServer {
  readonly #parts: ProxyServerParts;
  readonly #services: { -readonly [Service in keyof SessionServices]: SessionServices[Service] };
  readonly #connections = new Map<Socket, ClientConnection>();
  readonly #upstream: UpstreamServer;
  readonly #cancelKeys = new CancelKeys();
  readonly #failures: LoginFailures;
  #servers: readonly Server[] | null = null;
  #closing: Promise<void> | null = null;
  #stopped = false;

  constructor(parts: ProxyServerParts) {
    this.#parts = parts;
    const { connectTimeoutMs, loginFailuresPerMinute } = parts.options;
    this.#upstream = parts.upstreamServer ?? new UpstreamServer(parts.upstream, connectTimeoutMs, parts.upstreamTls);
    this.#failures = new LoginFailures(loginFailuresPerMinute, now);
    const { front, commands, logger } = parts;
    this.#services = { front, commands, logger, metrics: parts.metrics ?? NO_METRICS };
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** What is held of all clients' and their servers' streams. */
  get bufferedBytes(): number {
    let bytes = 0;
    for (const connection of this.#connections.values()) bytes += connection.bufferedBytes;
    return bytes;
  }

  /** Listens; resolves with the TCP address, rejects when it or the Unix socket is taken. */
  async start(): Promise<{ readonly host: string; readonly port: number }> {
    assert(this.#servers === null, "a proxy server starts once");
    const { host, port, unixSocket } = this.#parts.options;
    if (this.#parts.clients != null) {
      this.#servers = [];
      const wish = { host, port };
      return this.#parts.clients.listen(unixSocket === undefined ? wish : { ...wish, unixSocket });
    }
    const tcp = this.#createServer(false);
    this.#servers = [tcp];
    const address = await listenOnTcp(tcp, host, port);
    if (unixSocket !== undefined) {
      const unix = this.#createServer(true);
      await listenOnUnixSocket(unix, { ...unixSocket, port: address.port });
      this.#servers = [tcp, unix];
    }
    for (const server of this.#servers)
      server.on("error", (error) => this.#parts.logger.error({ error }, "the listener failed"));
    return address;
  }

  /** Takes a client that another process has accepted. */
  accept(socket: AcceptedSocket, isUnix: boolean): void {
    if (this.#stopped) {
      socket.destroy();
      return;
    }
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    socket.once("close", () => this.#parts.clients?.left());
    this.#accept(socket, isUnix);
  }

  /** From now on all sessions, also those that are there, use these. */
  serve(front: CacheFront, commands: CommandRunner): void {
    this.#services.front = front;
    this.#services.commands = commands;
  }

  /** A cancel request that came to another process; false when nobody here has the key. */
  async cancel(processId: number, secretKey: Buffer): Promise<boolean> {
    const target = this.#cancelKeys.find(processId, secretKey);
    await target?.cancel();
    return target !== null;
  }

  /** Takes no more clients; resolves when those that are there have left, or after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    const left = this.#closeListeners();
    let timer: ReturnType<typeof setTimeout> | null = null;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([left, over]);
    if (timer !== null) clearTimeout(timer);
  }

  /** Takes no more clients and ends those that are there with 57P01. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const closed = this.#closeListeners();
    const error = new FreshetError(SqlState.adminShutdown, "terminating connection due to administrator command");
    for (const connection of this.#connections.values()) connection.terminate(error);
    const timer = setTimeout(() => {
      for (const connection of this.#connections.values()) connection.destroy();
    }, this.#parts.options.stopTimeoutMs);
    await closed;
    clearTimeout(timer);
  }

  /** Resolves when they are closed and their last client has left: also such as wait to be accepted at this moment. */
  async #closeListeners(): Promise<void> {
    const servers = this.#servers ?? [];
    this.#servers = null;
    this.#closing ??= Promise.all(
      servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    ).then(() => this.#lastClientGone());
    await this.#closing;
  }

  /** A server counts a socket out a moment before the socket says that it is closed. */
  async #lastClientGone(): Promise<void> {
    await Promise.all(
      [...this.#connections.keys()].map((socket) => new Promise((resolve) => socket.once("close", resolve))),
    );
  }

  #createServer(isUnix: boolean): Server {
    return createServer({ noDelay: true, keepAlive: true, allowHalfOpen: true }, (socket) =>
      this.#accept(socket, isUnix),
    );
  }

  #accept(socket: Socket, isUnix: boolean): void {
    const { options, clientTls } = this.#parts;
    const over = this.#connections.size - options.maxConnections;
    if (over >= MAX_REFUSED) {
      socket.destroy();
      return;
    }
    const refusal = this.#refusal(over, socket.remoteAddress ?? "");
    const settings: ConnectionSettings = {
      upstream: this.#upstream,
      tls: isUnix ? null : (clientTls ?? null),
      isUnix,
      cancelKeys: this.#cancelKeys,
      failures: this.#failures,
      authenticator: this.#parts.authenticator ?? null,
      pools: this.#parts.pools ?? null,
      siblings: this.#parts.siblings ?? NO_SIBLINGS,
      loginTimeoutMs:
        refusal === null ? options.loginTimeoutMs : Math.min(options.loginTimeoutMs, REFUSED_LOGIN_TIMEOUT_MS),
    };
    const connection = new ClientConnection(socket, settings, this.#services);
    this.#connections.set(socket, connection);
    this.#services.metrics.connectionOpened();
    socket.once("close", () => {
      this.#connections.delete(socket);
      this.#services.metrics.connectionClosed();
    });
    connection.start(refusal);
  }

  #refusal(over: number, address: string): FreshetError | null {
    if (over >= 0) return new FreshetError(SqlState.tooManyConnections, "sorry, too many clients already");
    if (!this.#failures.tooMany(address)) return null;
    return new FreshetError(SqlState.configurationLimitExceeded, "too many failed logins from this address", {
      hint: "Wait a little and try again.",
    });
  }
}
