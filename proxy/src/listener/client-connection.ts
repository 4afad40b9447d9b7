import type { Socket } from "node:net";
import { FreshetError, SqlState } from "@freshet/base";
import { type BackendKeyData, encodeCancelRequest, encodeErrorResponse, toFreshetError } from "@freshet/wire";
import { type Login, type LoginOutcome, LoginRelay } from "../session/login.ts";
import { ownServer } from "../session/own-server.ts";
import { Session } from "../session/session.ts";
import type { SessionServices } from "../session/session-state.ts";
import type { Authenticator } from "../authentication/authenticator.ts";
import { type ClientStartup, logInClient, readStartup, replicationKind } from "../authentication/client-login.ts";
import { serveConsole } from "../console/console-session.ts";
import { logInPooled } from "../pool/pooled-login.ts";
import type { Pools } from "../pool/pools.ts";
import type { Seat } from "../pool/seat.ts";
import type { ClientTls } from "../tls/client-tls.ts";
import type { UpstreamServer } from "../upstream/upstream-server.ts";
import { relayBytes } from "./byte-relay.ts";
import type { CancelKeys } from "./cancel-keys.ts";
import { encryptionProblem } from "./encryption-policy.ts";
import type { LoginFailures } from "./login-failures.ts";
import type { Siblings } from "./siblings.ts";
import { type Startup, StartupNegotiation } from "./startup-negotiation.ts";

export interface ConnectionSettings {
  readonly upstream: UpstreamServer;
  /** Null where TLS is not offered: not configured, or a Unix socket. */
  readonly tls: ClientTls | null;
  readonly isUnix: boolean;
  readonly cancelKeys: CancelKeys;
  readonly failures: LoginFailures;
  /** Null: every login is relayed to the upstream. */
  readonly authenticator: Authenticator | null;
  readonly loginTimeoutMs: number;
  /** Null: every client has a server connection of its own. */
  readonly pools: Pools | null;
  readonly siblings: Siblings;
}

/** One accepted connection from its first byte to its end. */
export class ClientConnection {
  /** As accepted. */
  readonly #accepted: Socket;
  readonly #settings: ConnectionSettings;
  readonly #services: SessionServices;
  readonly #address: string;
  /** Inside TLS, once that has begun. */
  #socket: Socket;
  #upstream: Socket | null = null;
  #login: LoginRelay | null = null;
  #session: Session | null = null;
  #startupSeen = false;
  #handedOver = false;
  #forgetKey: () => void = () => undefined;
  #loginTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(socket: Socket, settings: ConnectionSettings, services: SessionServices) {
    this.#accepted = socket;
    this.#socket = socket;
    this.#address = socket.remoteAddress ?? "";
    this.#settings = settings;
    this.#services = services;
  }

  /** `refusal`: sent instead of a login, e.g. when there are too many connections. */
  start(refusal: FreshetError | null): void {
    this.#watch(this.#accepted);
    this.#accepted.on("close", () => this.#closed());
    this.#loginTimer = setTimeout(() => this.#loginTimedOut(), this.#settings.loginTimeoutMs);
    new StartupNegotiation(this.#accepted, this.#settings.tls, {
      encrypted: (socket) => {
        this.#socket = socket;
        this.#watch(socket);
      },
      failed: (error, tell) => {
        if (tell) this.#fatal(toFreshetError(error));
        else this.destroy();
      },
      done: (startup) => this.#started(startup, refusal),
    }).start();
  }

  get bufferedBytes(): number {
    return this.#session?.bufferedBytes ?? 0;
  }

  /** Ends the connection as a server that shuts down does. */
  terminate(error: FreshetError): void {
    if (this.#session !== null) this.#session.terminate(error);
    else if (this.#startupSeen) this.#fatal(error);
    else this.destroy();
  }

  destroy(): void {
    this.#upstream?.destroy();
    this.#socket.destroy();
    this.#accepted.destroy();
  }

  /** Its end may have been seen while nobody listened: the stream tells it only once. */
  get #hasGone(): boolean {
    return this.#socket.destroyed || !this.#socket.writable || this.#socket.readableEnded;
  }

  #watch(socket: Socket): void {
    socket.on("error", (error) => this.#services.logger.debug({ error }, "a client's connection failed"));
  }

  #started(startup: Startup, refusal: FreshetError | null): void {
    const { decoded } = startup;
    if (decoded.kind === "cancel-request") {
      this.#cancel(startup.packet, decoded.processId, decoded.secretKey);
      return;
    }
    const { tls, isUnix } = this.#settings;
    const problem = refusal ?? (isUnix ? null : encryptionProblem(tls?.mode ?? "disable", startup.encryption));
    if (problem === null) void this.#authenticate(startup);
    else this.#fatal(problem);
  }

  /** Leaves the login to the upstream, or conducts it here. */
  async #authenticate(startup: Startup): Promise<void> {
    const { authenticator, isUnix } = this.#settings;
    if (authenticator === null) {
      void this.#connect(startup);
      return;
    }
    try {
      const read = readStartup(startup, isUnix);
      const relays = await authenticator.relays(read.applicant);
      if (this.#hasGone) this.destroy();
      else if (relays) void this.#connect(startup);
      else if (this.#settings.pools?.isConsole(read) === true)
        void this.#serveConsole(authenticator, this.#settings.pools, startup, read);
      else if (this.#settings.pools?.covers(read) === true)
        void this.#joinPool(authenticator, this.#settings.pools, startup, read);
      else void this.#letIn(authenticator, startup, read);
    } catch (thrown) {
      this.#refused(thrown);
    }
  }

  #refused(thrown: unknown): void {
    const error = toFreshetError(thrown);
    this.#services.logger.info(
      { address: this.#address, code: error.code },
      `a client was not let in: ${error.message}`,
    );
    if (error.code === SqlState.invalidPassword || error.code === SqlState.invalidAuthorization)
      this.#settings.failures.failed(this.#address);
    this.#fatal(error);
  }

  async #serveConsole(
    authenticator: Authenticator,
    pools: Pools,
    startup: Startup,
    read: ClientStartup,
  ): Promise<void> {
    this.#startupSeen = true;
    try {
      await serveConsole(pools, authenticator, startup, read);
      this.#stopLoginTimer();
      this.#handedOver = true;
    } catch (thrown) {
      this.#refused(thrown);
    }
  }

  async #joinPool(authenticator: Authenticator, pools: Pools, startup: Startup, read: ClientStartup): Promise<void> {
    this.#startupSeen = true;
    const { cancelKeys } = this.#settings;
    try {
      const issueKey = (version: number, processId: number | undefined, seat: Seat): BackendKeyData => {
        const key = cancelKeys.issue(version, processId);
        this.#forgetKey = cancelKeys.register(key, { cancel: () => seat.cancel() });
        return key;
      };
      const joined = await logInPooled({ pools, authenticator, issueKey }, startup, read);
      this.#stopLoginTimer();
      if (joined === null) {
        this.destroy();
        return;
      }
      const { seat, server, login } = joined;
      const link = { kind: "pool", seat, server, user: read.applicant.user } as const;
      this.#session = new Session(this.#services, this.#socket, link, login);
      this.#session.start();
    } catch (thrown) {
      this.#refused(thrown);
    }
  }

  async #letIn(authenticator: Authenticator, startup: Startup, read: ClientStartup): Promise<void> {
    this.#startupSeen = true;
    const { cancelKeys } = this.#settings;
    try {
      const parts = {
        authenticator,
        connect: async () => {
          const upstream = await this.#settings.upstream.connect();
          upstream.on("error", (error) => this.#services.logger.debug({ error }, "an upstream connection failed"));
          this.#upstream = upstream;
          return upstream;
        },
        issueKey: (version: number, processId: number | undefined) => cancelKeys.issue(version, processId),
      };
      const own = await logInClient(parts, startup, read);
      this.#stopLoginTimer();
      if (own === null || this.#hasGone) {
        this.destroy();
        return;
      }
      if (read.isReplication) this.#relayBytes(own.upstream, own.login.frontend.takeRest());
      else this.#beginSession(own.upstream, own.login, own.key);
    } catch (thrown) {
      this.#refused(thrown);
    }
  }

  #relayBytes(upstream: Socket, early: Buffer): void {
    this.#handedOver = true;
    if (early.length > 0) upstream.write(early);
    relayBytes(this.#socket, upstream);
  }

  async #connect(startup: Startup): Promise<void> {
    this.#startupSeen = true;
    try {
      const upstream = await this.#settings.upstream.connect();
      upstream.on("error", (error) => this.#services.logger.debug({ error }, "an upstream connection failed"));
      this.#upstream = upstream;
      if (this.#hasGone) this.destroy();
      else this.#begin(startup, upstream);
    } catch (thrown) {
      this.#services.logger.warn({ error: thrown }, "the upstream server cannot be reached");
      this.#fatal(toFreshetError(thrown));
    }
  }

  #begin(startup: Startup, upstream: Socket): void {
    if (
      startup.decoded.kind === "startup" &&
      replicationKind(startup.decoded.parameters.get("replication")) !== "none"
    ) {
      this.#stopLoginTimer();
      this.#relayBytes(upstream, Buffer.concat([startup.packet, startup.early]));
      return;
    }
    const isBound = startup.encryption !== null;
    this.#login = new LoginRelay(this.#socket, upstream, { withoutChannelBinding: isBound }, (outcome) =>
      this.#loggedIn(upstream, outcome),
    );
    this.#login.start(startup.packet, startup.early);
  }

  #loggedIn(upstream: Socket, outcome: LoginOutcome): void {
    this.#stopLoginTimer();
    this.#login = null;
    if (outcome === "closed" || outcome === "refused") {
      if (outcome === "refused") this.#settings.failures.failed(this.#address);
      upstream.destroy();
      this.#socket.end();
      return;
    }
    if (outcome instanceof FreshetError) {
      this.#fatal(outcome);
      return;
    }
    this.#beginSession(upstream, outcome, outcome.key);
  }

  /** `clientKey`: with which the client may cancel; the upstream's own, or Freshet's. */
  #beginSession(upstream: Socket, login: Login, clientKey: BackendKeyData | null): void {
    const { key } = login;
    const cancelUpstream = (): Promise<void> =>
      key === null ? Promise.resolve() : this.#sendCancel(encodeCancelRequest(key.processId, key.secretKey));
    const session = new Session(
      this.#services,
      this.#socket,
      { kind: "own", server: ownServer(upstream, login.backend, () => void cancelUpstream()) },
      login,
    );
    this.#session = session;
    if (clientKey !== null) {
      this.#forgetKey = this.#settings.cancelKeys.register(clientKey, {
        cancel: () => (session.interrupt() ? Promise.resolve() : cancelUpstream()),
      });
    }
    session.start();
  }

  /**
   * A client's cancel request. A key that is nobody's here may be a sibling's, or one that another Freshet before the same upstream has
   * passed on: it goes there as it is.
   */
  #cancel(packet: Buffer, processId: number, secretKey: Buffer): void {
    this.#stopLoginTimer();
    const target = this.#settings.cancelKeys.find(processId, secretKey);
    const cancelled = target === null ? this.#cancelElsewhere(packet, processId, secretKey) : target.cancel();
    void cancelled.finally(() => this.#socket.end());
  }

  async #cancelElsewhere(packet: Buffer, processId: number, secretKey: Buffer): Promise<void> {
    if (!(await this.#settings.siblings.cancel(processId, secretKey))) await this.#sendCancel(packet);
  }

  async #sendCancel(packet: Buffer): Promise<void> {
    try {
      await this.#settings.upstream.cancel(packet);
    } catch (thrown) {
      this.#services.logger.warn({ error: thrown }, "a cancel request could not be relayed");
    }
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
    this.#forgetKey();
    if (this.#session === null && !this.#handedOver) this.#upstream?.destroy();
  }

  #stopLoginTimer(): void {
    if (this.#loginTimer !== null) clearTimeout(this.#loginTimer);
    this.#loginTimer = null;
  }
}
