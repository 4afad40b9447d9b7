import type { Socket } from "node:net";
import { FreshetError, SqlState } from "@freshet/base";
import { encodeCancelRequest, encodeErrorResponse, toFreshetError } from "@freshet/wire";
import { type Login, LoginRelay } from "../session/login.ts";
import { Session } from "../session/session.ts";
import type { SessionServices } from "../session/session-state.ts";
import type { UpstreamAddress } from "../upstream/address.ts";
import { relayCancel } from "../upstream/cancel.ts";
import { connectUpstream } from "../upstream/connect.ts";
import { relayBytes } from "./byte-relay.ts";
import { type Startup, StartupReader } from "./startup-reader.ts";

export interface ConnectionSettings {
  readonly upstream: UpstreamAddress;
  readonly connectTimeoutMs: number;
  readonly loginTimeoutMs: number;
}

/** One accepted connection from its first byte to its end. */
export class ClientConnection {
  readonly #socket: Socket;
  readonly #settings: ConnectionSettings;
  readonly #services: SessionServices;
  #upstream: Socket | null = null;
  #login: LoginRelay | null = null;
  #session: Session | null = null;
  #startupSeen = false;
  #loginTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(socket: Socket, settings: ConnectionSettings, services: SessionServices) {
    this.#socket = socket;
    this.#settings = settings;
    this.#services = services;
  }

  /** `refusal`: sent instead of a login, e.g. when there are too many connections. */
  start(refusal: FreshetError | null): void {
    this.#socket.on("error", (error) => this.#services.logger.debug({ error }, "a client's connection failed"));
    this.#socket.on("close", () => this.#closed());
    this.#loginTimer = setTimeout(() => this.#loginTimedOut(), this.#settings.loginTimeoutMs);
    new StartupReader(this.#socket, (outcome) => {
      if (outcome instanceof Error) this.#fatal(toFreshetError(outcome));
      else if (outcome.decoded.kind === "cancel-request") this.#cancel(outcome.packet);
      else if (refusal !== null) this.#fatal(refusal);
      else void this.#connect(outcome);
    }).start();
  }

  /** Ends the connection as a server that shuts down does. */
  terminate(error: FreshetError): void {
    if (this.#session !== null) this.#session.terminate(error);
    else if (this.#startupSeen) this.#fatal(error);
    else this.#socket.destroy();
  }

  destroy(): void {
    this.#upstream?.destroy();
    this.#socket.destroy();
  }

  async #connect(startup: Startup): Promise<void> {
    this.#startupSeen = true;
    try {
      const upstream = await connectUpstream(this.#settings.upstream, this.#settings.connectTimeoutMs);
      upstream.on("error", (error) => this.#services.logger.debug({ error }, "an upstream connection failed"));
      this.#upstream = upstream;
      if (this.#socket.destroyed || !this.#socket.writable) upstream.destroy();
      else this.#begin(startup, upstream);
    } catch (thrown) {
      this.#services.logger.warn({ error: thrown }, "the upstream server cannot be reached");
      this.#fatal(toFreshetError(thrown));
    }
  }

  #begin(startup: Startup, upstream: Socket): void {
    if (startup.decoded.kind === "startup" && isReplication(startup.decoded.parameters)) {
      this.#stopLoginTimer();
      upstream.write(Buffer.concat([startup.packet, startup.early]));
      relayBytes(this.#socket, upstream);
      return;
    }
    this.#login = new LoginRelay(this.#socket, upstream, (outcome) => this.#loggedIn(upstream, outcome));
    this.#login.start(startup.packet, startup.early);
  }

  #loggedIn(upstream: Socket, outcome: Login | FreshetError | "closed"): void {
    this.#stopLoginTimer();
    this.#login = null;
    if (outcome === "closed") {
      upstream.destroy();
      this.#socket.end();
      return;
    }
    if (outcome instanceof FreshetError) {
      this.#fatal(outcome);
      return;
    }
    const { key } = outcome;
    this.#session = new Session(
      this.#services,
      {
        client: this.#socket,
        upstream,
        cancel: () => {
          if (key !== null) this.#sendCancel(encodeCancelRequest(key.processId, key.secretKey));
        },
      },
      outcome,
    );
    this.#session.start();
  }

  /** A client's cancel request: the key is the upstream's own, so the packet goes there as it is. */
  #cancel(packet: Buffer): void {
    this.#stopLoginTimer();
    this.#sendCancel(packet, () => this.#socket.end());
  }

  #sendCancel(packet: Buffer, done: () => void = () => undefined): void {
    relayCancel(this.#settings.upstream, packet, this.#settings.connectTimeoutMs)
      .catch((thrown: unknown) =>
        this.#services.logger.warn({ error: thrown }, "a cancel request could not be relayed"),
      )
      .finally(done);
  }

  #loginTimedOut(): void {
    if (this.#startupSeen)
      this.#fatal(new FreshetError(SqlState.queryCanceled, "canceling authentication due to timeout"));
    else this.destroy();
  }

  #fatal(error: FreshetError): void {
    this.#stopLoginTimer();
    this.#login?.abandon();
    this.#login = null;
    this.#upstream?.destroy();
    if (this.#socket.writable) this.#socket.end(encodeErrorResponse(error, "FATAL"));
    // What the client still sends is dropped, so that its close is seen.
    this.#socket.resume();
  }

  #closed(): void {
    this.#stopLoginTimer();
    if (this.#session === null) this.#upstream?.destroy();
  }

  #stopLoginTimer(): void {
    if (this.#loginTimer !== null) clearTimeout(this.#loginTimer);
    this.#loginTimer = null;
  }
}

/** PostgreSQL's reading of the `replication` parameter: a walsender unless it is a false boolean. */
function isReplication(parameters: ReadonlyMap<string, string>): boolean {
  const value = parameters.get("replication");
  return value !== undefined && !["off", "no", "false", "0", "f", "n"].includes(value.toLowerCase());
}
