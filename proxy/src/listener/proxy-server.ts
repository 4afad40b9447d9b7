import { type Server, type Socket, createServer } from "node:net";
import { FreshetError, type Logger, SqlState, assert } from "@freshet/base";
import type { CacheFront, CommandRunner } from "../session/front-ports.ts";
import { NO_METRICS, type ProxyMetrics } from "../session/metrics.ts";
import type { SessionServices } from "../session/session-state.ts";
import type { UpstreamAddress } from "../upstream/address.ts";
import { ClientConnection } from "./client-connection.ts";

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
}

export const DEFAULT_PROXY_OPTIONS: ProxyServerOptions = {
  host: "127.0.0.1",
  port: 0,
  maxConnections: 1000,
  loginTimeoutMs: 60_000,
  connectTimeoutMs: 10_000,
  stopTimeoutMs: 1000,
};

export interface ProxyServerParts {
  readonly options: ProxyServerOptions;
  readonly upstream: UpstreamAddress;
  readonly front: CacheFront;
  readonly commands: CommandRunner;
  readonly logger: Logger;
  readonly metrics?: ProxyMetrics;
}

/** Accepts clients; each gets a session on an upstream connection of its own. */
export class ProxyServer {
  readonly #parts: ProxyServerParts;
  readonly #services: SessionServices;
  readonly #connections = new Map<Socket, ClientConnection>();
  #server: Server | null = null;

  constructor(parts: ProxyServerParts) {
    this.#parts = parts;
    const { front, commands, logger } = parts;
    this.#services = { front, commands, logger, metrics: parts.metrics ?? NO_METRICS };
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Listens; resolves with the address, rejects when it is taken. */
  start(): Promise<{ readonly host: string; readonly port: number }> {
    assert(this.#server === null, "a proxy server starts once");
    const server = createServer({ noDelay: true, keepAlive: true, allowHalfOpen: true }, (socket) =>
      this.#accept(socket),
    );
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#parts.options.port, this.#parts.options.host, () => {
        server.off("error", reject);
        server.on("error", (error) => this.#parts.logger.error({ error }, "the listener failed"));
        const address = server.address();
        assert(address !== null && typeof address === "object", "a TCP server has an address");
        resolve({ host: address.address, port: address.port });
      });
    });
  }

  /** Takes no more clients and ends those that are there with 57P01. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = Promise.all([
      new Promise<void>((resolve) => server.close(() => resolve())),
      ...[...this.#connections.keys()].map(
        (socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())),
      ),
    ]);
    const error = new FreshetError(SqlState.adminShutdown, "terminating connection due to administrator command");
    for (const connection of this.#connections.values()) connection.terminate(error);
    const timer = setTimeout(() => {
      for (const connection of this.#connections.values()) connection.destroy();
    }, this.#parts.options.stopTimeoutMs);
    await closed;
    clearTimeout(timer);
  }

  #accept(socket: Socket): void {
    const { options, upstream } = this.#parts;
    const refusal =
      this.#connections.size >= options.maxConnections
        ? new FreshetError(SqlState.tooManyConnections, "sorry, too many clients already")
        : null;
    const connection = new ClientConnection(socket, { upstream, ...options }, this.#services);
    this.#connections.set(socket, connection);
    this.#services.metrics.connectionOpened();
    socket.once("close", () => {
      this.#connections.delete(socket);
      this.#services.metrics.connectionClosed();
    });
    connection.start(refusal);
  }
}
