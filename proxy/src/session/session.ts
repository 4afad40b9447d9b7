import { FreshetError, SqlState, assert } from "@freshet/base";
import type { Duplex } from "node:stream";
import { type MessageScanner, encodeErrorResponse, encodeFlush, toFreshetError } from "@freshet/wire";
import { BackendRelay } from "./backend-relay.ts";
import { type Dispatched, dispatch } from "./frontend-dispatch.ts";
import { takeInventory } from "./inventory-taking.ts";
import type { Login } from "./login.ts";
import { OutputBatch } from "./output-batch.ts";
import type {
  PooledServer,
  PooledSession,
  PoolSeat,
  ServerChannel,
  ServerCondition,
  ServerEvents,
  SessionActivity,
} from "./pool-port.ts";
import { ActivityTracker } from "./session-activity.ts";
import { Pooling } from "./pooling.ts";
import { ReplicaReads } from "./replica-reads.ts";
import { type SessionServices, SessionState } from "./session-state.ts";
import { tellSettings } from "./tell-settings.ts";

/** Local answers may wait or pile up to this many bytes before the client's next message is looked at. */
const MAX_WAITING_BYTES = 4 << 20;
const MAX_EXPECTED = 4096;

/** How a session comes by its server connection: its own, or its pool's. */
export type SessionLink =
  | { readonly kind: "own"; readonly server: ServerChannel }
  /** `server`: given for as long as the session lasts, in mode session. */
  | { readonly kind: "pool"; readonly seat: PoolSeat; readonly server: PooledServer | null; readonly user: string };

/** One client's connection after login. */
export class Session implements PooledSession {
  readonly #client: Duplex;
  readonly #frontend: MessageScanner;
  readonly #state: SessionState;
  readonly #seat: PoolSeat | null;
  readonly #activity: ActivityTracker;
  #server: ServerChannel | null = null;
  #pooled: PooledServer | null = null;
  readonly #backend: BackendRelay;
  readonly #replicas: ReplicaReads;
  readonly #serverEvents: ServerEvents = {
    data: (chunk) => this.#upstreamData(chunk),
    drain: () => this.#turn(),
    gone: () => this.#upstreamGone(),
  };
  /** What servers have reported that the client knows of; null: not compared. */
  #agreed: object | null = null;
  /** A message of the client waits for a probe, a decision, a command or a server connection. */
  #pending = false;
  #waiting = false;
  #restOfMessage: "relay" | "discard" = "relay";
  #terminated = false;
  #ended = false;
  /** Whether reading was last stopped; null: not known. A socket's own `pause` and `resume` cost something each time. */
  #clientHeld: boolean | null = null;
  #serverHeld: boolean | null = null;

  constructor(
    services: SessionServices,
    client: Duplex,
    link: SessionLink,
    login: Pick<Login, "frontend" | "status" | "parameters">,
  ) {
    this.#client = client;
    this.#frontend = login.frontend;
    this.#state = new SessionState(services, new OutputBatch(client), new OutputBatch(null), login);
    this.#seat = link.kind === "pool" ? link.seat : null;
    this.#activity = new ActivityTracker(this.#seat);
    this.#state.borrowsServer = link.kind === "pool";
    if (link.kind === "pool" && link.seat.mode !== "session") {
      this.#state.pooling = new Pooling(link.seat, link.user, login.parameters.get("application_name") ?? "");
      this.#state.attach = () => this.#attach();
    }
    this.#backend = new BackendRelay(this.#state);
    this.#replicas = new ReplicaReads(this.#state, login.frontend, (condition) => this.#giveBack(condition));
    if (link.kind === "own") this.#connect(link.server);
    else if (link.server !== null) this.#connectPooled(link.server);
  }

  /** Takes the sockets over; scanners may still hold bytes. */
  start(): void {
    const client = this.#client;
    client.on("data", (chunk: Buffer) => this.#clientData(chunk));
    client.on("drain", () => this.#turn());
    // After Terminate a client may still read what it has asked for.
    client.on("end", () => {
      if (!this.#terminated) this.#clientGone();
    });
    client.on("close", () => this.#clientGone());
    this.#seat?.joined(this);
    this.#guard(() => this.#backend.drain());
    this.#turn();
  }

  /** Ends the session with a FATAL error, as a server that shuts down does. */
  terminate(error: FreshetError): void {
    if (this.#ended) return;
    if (this.#seat === null && !this.#state.expected.idle) this.#server?.cancel();
    this.#fail(error);
  }

  /** A cancel request: ends what Freshet itself does for the session. False: nothing, so it is for the upstream. */
  interrupt(): boolean {
    const { interruption, expected } = this.#state;
    // What the upstream does before it in the pipeline is the client's statement at this moment.
    if (interruption === null || !expected.idle) return false;
    interruption.abort(new FreshetError(SqlState.queryCanceled, "canceling statement due to user request"));
    return true;
  }

  /** What is held here of the client's and the server's streams: back-pressure bounds it, however large a message or a COPY is. */
  get bufferedBytes(): number {
    const { client, upstream, expected } = this.#state;
    return client.backlog + upstream.backlog + expected.localBytes + this.#frontend.buffered + this.#backend.buffered;
  }

  activity(): SessionActivity {
    return this.#activity.now(this.#state.pooling?.pins ?? []);
  }

  /** Interrupts what the server does for this session, and for no other. */
  cancel(): void {
    if (!this.#ended && !this.#state.expected.idle) this.#server?.cancel();
  }

  #connect(server: ServerChannel): void {
    this.#server = server;
    this.#serverHeld = null;
    this.#state.upstream.redirect(server.socket);
    this.#backend.attach(server.scanner, this.#pooled?.reported ?? null);
    server.listen(this.#serverEvents);
  }

  #connectPooled(server: PooledServer): void {
    this.#pooled = server;
    if (this.#state.pooling !== null) this.#state.pooling.server = server;
    this.#connect(server);
    const { content, values } = server.reported;
    if (content === this.#agreed || this.#state.replicaRead?.connected === true) return;
    this.#agreed = content;
    tellSettings(this.#state, values);
  }

  /** Null when there is a server connection; else resolves when one has been got from the pool. */
  #attach(): Promise<void> | null {
    if (this.#server !== null) return null;
    const { pooling } = this.#state;
    assert(pooling !== null && !this.#waiting, "a pooled session asks for one connection at a time");
    const acquired = this.#replicas.acquire(pooling);
    if (!(acquired instanceof Promise)) {
      this.#connectPooled(acquired);
      return null;
    }
    this.#waiting = true;
    return acquired.then((server) => {
      this.#waiting = false;
      if (this.#ended) pooling.seat.release(server, "clean");
      else this.#connectPooled(server);
    });
  }

  #clientData(chunk: Buffer): void {
    if (this.#ended || this.#terminated) return;
    if (this.#seat !== null) {
      this.#seat.transferred(chunk.length, 0);
      this.#activity.heard();
    }
    this.#frontend.push(chunk);
    this.#turn();
  }

  /** Returns whether the client has yet to be sent something of the chunk. */
  #upstreamData(chunk: Buffer): boolean {
    if (this.#ended) return false;
    this.#seat?.transferred(0, chunk.length);
    const backend = this.#backend;
    try {
      backend.process(chunk);
    } catch (thrown) {
      this.#fail(thrown instanceof FreshetError ? thrown : this.#unexpected(thrown));
    }
    // Gives the connection back before the client's next message can use it as it was left.
    if (this.#seat !== null && !this.#isOver()) this.#settle();
    this.#turn();
    return this.#state.client.backlog > 0;
  }

  /** Handles what can be handled, sends what has been collected, and sets who may go on. */
  #turn(): void {
    if (this.#ended) return;
    try {
      do this.#pump();
      while (!this.#ended && !this.#pending && this.#replicas.settle());
    } catch (thrown) {
      this.#fail(thrown instanceof FreshetError ? thrown : this.#unexpected(thrown));
    }
    if (this.#isOver()) return;
    this.#state.upstream.flush();
    this.#state.client.flush();
    if (this.#seat !== null) this.#settle();
    this.#setFlow();
  }

  /** Asked anew after whatever may have ended the session. */
  #isOver(): boolean {
    return this.#ended;
  }

  #pump(): void {
    while (!this.#mustWait() && this.#replicas.source.advance()) {
      const { source } = this.#replicas;
      if (!source.first) {
        if (this.#restOfMessage === "relay" && this.#server !== null)
          this.#state.upstream.range(source.buffer, source.start, source.end);
        continue;
      }
      const probing = this.#seat?.hasReplicas === true ? this.#replicas.consider() : null;
      if (probing === null) this.#handled(dispatch(this.#state, source));
      else this.#handled({ action: "relay", pending: probing.then(() => this.#considered()) });
    }
    // What is full empties only when the upstream sends what it holds back until Flush or Sync.
    if (this.#isFull() && this.#state.segment.forwarded) this.#state.upstream.message(FLUSH);
  }

  /** The primary has been asked for the session's facts, so its connection is free again; or it has begun the client's block. */
  async #considered(): Promise<void> {
    const { pooling, status } = this.#state;
    if (this.#ended || pooling === null) return;
    if (status === "I" && this.#isQuiet() && !pooling.touched && !pooling.pinned) this.#giveBack("clean");
    this.#replicas.begin();
    await dispatch(this.#state, this.#replicas.source).pending;
  }

  #handled({ action, pending }: Dispatched): void {
    this.#restOfMessage = action === "discard" ? "discard" : "relay";
    if (action === "terminate") this.#terminate();
    if (pending === null) return;
    this.#pending = true;
    pending.then(
      () => this.#resume(),
      (thrown: unknown) => this.#fail(thrown instanceof FreshetError ? thrown : this.#unexpected(thrown)),
    );
  }

  #resume(): void {
    this.#pending = false;
    this.#turn();
  }

  #mustWait(): boolean {
    const { client, upstream } = this.#state;
    if (this.#pending || this.#terminated || this.#ended || this.#replicas.isOutstanding) return true;
    return client.backlog > MAX_WAITING_BYTES || upstream.congested || this.#isFull();
  }

  /** Bounds what a client that pipelines without end can make Freshet hold. */
  #isFull(): boolean {
    const { expected } = this.#state;
    return expected.localBytes > MAX_WAITING_BYTES || expected.length > MAX_EXPECTED;
  }

  #setFlow(): void {
    if (this.#ended) return;
    const holdsClient = this.#mustWait() && !this.#terminated;
    if (holdsClient !== this.#clientHeld) {
      this.#clientHeld = holdsClient;
      if (holdsClient) this.#client.pause();
      else this.#client.resume();
    }
    if (this.#server === null) return;
    const holdsServer = this.#state.client.congested;
    if (holdsServer === this.#serverHeld) return;
    this.#serverHeld = holdsServer;
    if (holdsServer) this.#server.socket.pause();
    else this.#server.socket.resume();
  }

  /** Nothing of the session's is under way on its server connection. */
  #isQuiet(): boolean {
    const { expected, segment, copying } = this.#state;
    if (!expected.idle || segment.forwarded || copying || this.#frontend.streaming) return false;
    return this.#server === null || !this.#backend.inMessage;
  }

  /** Between statements of a pooled session: gives the server connection back when it may. */
  #settle(): void {
    const { status, pooling } = this.#state;
    this.#activity.update(this.#activityState(), status !== "I");
    if (this.#terminated && this.#state.expected.idle) {
      this.#end();
      this.#client.end();
      return;
    }
    if (pooling === null || this.#server === null || this.#pending || !this.#isQuiet()) return;
    if (status !== "I") {
      if (pooling.seat.mode === "statement") {
        this.#fail(
          new FreshetError(SqlState.featureNotSupported, "transaction blocks are not allowed in pool_mode statement"),
        );
      }
      return;
    }
    if (pooling.touched) {
      // The client's next statement waits: what it finds may have to be put in force first.
      this.#pending = true;
      takeInventory(this.#state, pooling, () => {
        this.#pending = false;
      });
      return;
    }
    pooling.dropUnmapped(this.#state.statements);
    if (!pooling.pinned) this.#giveBack("clean");
  }

  #activityState(): SessionActivity["state"] {
    if (this.#waiting) return "waiting";
    const { expected, status, segment } = this.#state;
    if (!expected.idle || segment.forwarded) return "active";
    return status === "I" ? "idle" : "idle in transaction";
  }

  #giveBack(condition: ServerCondition): void {
    const server = this.#pooled;
    const { pooling, upstream } = this.#state;
    if (server === null) return;
    upstream.flush();
    upstream.redirect(null);
    this.#server = null;
    this.#pooled = null;
    this.#backend.detach();
    if (pooling !== null) {
      pooling.server = null;
      pooling.ended();
    }
    this.#seat?.release(server, condition);
  }

  /** The session is over: so is its use of a pool. What was under way cannot be finished for anybody else. */
  #leavePool(): void {
    const server = this.#pooled;
    if (this.#seat === null) return;
    if (server !== null) {
      if (!this.#state.expected.idle) server.cancel();
      this.#giveBack(this.#condition());
    }
    this.#seat.left();
  }

  #condition(): ServerCondition {
    const { status, pooling } = this.#state;
    if (!this.#isQuiet()) return "broken";
    if (status !== "I") return "in-transaction";
    return pooling === null || pooling.touched || pooling.pinned ? "to-reset" : "clean";
  }

  #terminate(): void {
    this.#terminated = true;
    if (this.#seat !== null) return;
    this.#state.upstream.flush();
    this.#server?.socket.end();
  }

  #clientGone(): void {
    if (this.#ended) return;
    const isFinishing = this.#terminated && !this.#state.segment.forwarded && !this.#state.copying;
    // The server finishes what it was asked for; nobody reads the answers.
    if (this.#seat !== null && isFinishing && this.#server !== null) {
      this.#client.destroy();
      this.#turn();
      return;
    }
    this.#end();
    if (this.#seat === null) this.#abandonServer();
    this.#client.destroy();
  }

  #abandonServer(): void {
    const socket = this.#server?.socket;
    if (this.#terminated) {
      socket?.resume();
      return;
    }
    if (!this.#state.expected.idle) this.#server?.cancel();
    socket?.destroy();
  }

  #upstreamGone(): void {
    if (this.#ended) return;
    if (!this.#pending && (this.#state.mayLoseReplica || this.#state.replicaRead?.isHolding === true)) {
      this.#giveBack("broken");
      this.#replicas.lost();
      this.#turn();
      return;
    }
    if (this.#terminated || this.#backend.sawFatal) {
      this.#state.client.flush();
      this.#end("broken");
      this.#client.end();
      return;
    }
    this.#fail(
      new FreshetError(SqlState.connectionFailure, "the upstream server closed the connection unexpectedly", {
        hint: "The server may have been stopped, or the session ended by an administrator. Connect again.",
      }),
    );
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      this.#fail(thrown instanceof FreshetError ? thrown : this.#unexpected(thrown));
    }
  }

  #unexpected(thrown: unknown): FreshetError {
    this.#state.services.logger.error({ error: thrown }, "a session failed unexpectedly");
    return toFreshetError(thrown);
  }

  /** Delivers what is complete, then the error where it can still be understood, and closes both sides. */
  #fail(error: FreshetError): void {
    if (this.#ended) return;
    this.#state.client.flush();
    if (!this.#backend.inMessage) {
      this.#state.client.message(encodeErrorResponse(error, "FATAL"));
      this.#state.client.flush();
    }
    this.#end();
    if (this.#seat === null) this.#server?.socket.destroy();
    this.#client.end();
    this.#client.resume();
  }

  #end(condition?: "broken"): void {
    this.#ended = true;
    this.#state.closed = true;
    if (condition === "broken" && this.#pooled !== null) {
      this.#giveBack("broken");
    }
    this.#leavePool();
  }
}

const FLUSH = encodeFlush();
