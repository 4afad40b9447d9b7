import { FreshetError, SqlState } from "@freshet/base";
import type { Duplex } from "node:stream";
import { type MessageScanner, encodeErrorResponse, encodeFlush, toFreshetError } from "@freshet/wire";
import { BackendRelay } from "./backend-relay.ts";
import { type Dispatched, dispatch } from "./frontend-dispatch.ts";
import type { Login } from "./login.ts";
import { OutputBatch } from "./output-batch.ts";
import { type SessionServices, SessionState } from "./session-state.ts";

/** Local answers may wait or pile up to this many bytes before the client's next message is looked at. */
const MAX_WAITING_BYTES = 4 << 20;
const MAX_EXPECTED = 4096;

/** The two sockets of a session and how to interrupt what the upstream does. */
export interface SessionSockets {
  readonly client: Duplex;
  readonly upstream: Duplex;
  /** Sends a CancelRequest for the upstream connection. */
  readonly cancel: () => void;
}

/** One client's connection after login, on one upstream connection of its own. */
export class Session {
  readonly #sockets: SessionSockets;
  readonly #frontend: MessageScanner;
  readonly #backend: BackendRelay;
  readonly #state: SessionState;
  /** A message of the client waits for a probe, a decision or a command. */
  #pending = false;
  #restOfMessage: "relay" | "discard" = "relay";
  #terminated = false;
  #ended = false;

  constructor(services: SessionServices, sockets: SessionSockets, login: Login) {
    this.#sockets = sockets;
    this.#frontend = login.frontend;
    this.#state = new SessionState(services, new OutputBatch(sockets.client), new OutputBatch(sockets.upstream), login);
    this.#backend = new BackendRelay(this.#state, login.backend);
  }

  /** Takes the sockets over; both scanners may still hold bytes. */
  start(): void {
    const { client, upstream } = this.#sockets;
    client.on("data", (chunk: Buffer) => this.#clientData(chunk));
    upstream.on("data", (chunk: Buffer) => this.#upstreamData(chunk));
    client.on("drain", () => this.#turn());
    upstream.on("drain", () => this.#turn());
    // After Terminate a client may still read what it has asked for.
    client.on("end", () => {
      if (!this.#terminated) this.#clientGone();
    });
    client.on("close", () => this.#clientGone());
    upstream.on("end", () => this.#upstreamGone());
    upstream.on("close", () => this.#upstreamGone());
    this.#guard(() => this.#backend.drain());
    this.#turn();
  }

  /** Ends the session with a FATAL error, as a server that shuts down does. */
  terminate(error: FreshetError): void {
    if (this.#ended) return;
    if (!this.#state.expected.idle) this.#sockets.cancel();
    this.#fail(error);
  }

  /** A cancel request: ends what Freshet itself does for the session. False: nothing, so it is for the upstream. */
  interrupt(): boolean {
    const { interruption } = this.#state;
    interruption?.abort(new FreshetError(SqlState.queryCanceled, "canceling statement due to user request"));
    return interruption !== null;
  }

  #clientData(chunk: Buffer): void {
    if (this.#ended || this.#terminated) return;
    this.#frontend.push(chunk);
    this.#turn();
  }

  #upstreamData(chunk: Buffer): void {
    if (this.#ended) return;
    this.#guard(() => this.#backend.process(chunk));
    this.#turn();
  }

  /** Handles what can be handled, sends what has been collected, and sets who may go on. */
  #turn(): void {
    if (this.#ended) return;
    this.#guard(() => this.#pump());
    this.#state.upstream.flush();
    this.#state.client.flush();
    this.#setFlow();
  }

  #pump(): void {
    while (!this.#mustWait() && this.#frontend.advance()) {
      if (!this.#frontend.first) {
        if (this.#restOfMessage === "relay")
          this.#state.upstream.range(this.#frontend.buffer, this.#frontend.start, this.#frontend.end);
        continue;
      }
      this.#handled(dispatch(this.#state, this.#frontend));
    }
    // What is full empties only when the upstream sends what it holds back until Flush or Sync.
    if (this.#isFull() && this.#state.segment.forwarded) this.#state.upstream.message(FLUSH);
  }

  #handled({ action, pending }: Dispatched): void {
    this.#restOfMessage = action === "discard" ? "discard" : "relay";
    if (action === "terminate") this.#terminate();
    if (pending === null) return;
    this.#pending = true;
    pending.then(
      () => this.#resume(),
      (thrown: unknown) => this.#fail(this.#unexpected(thrown)),
    );
  }

  #resume(): void {
    this.#pending = false;
    this.#turn();
  }

  #mustWait(): boolean {
    const { client, upstream } = this.#state;
    if (this.#pending || this.#terminated || this.#ended) return true;
    return client.backlog > MAX_WAITING_BYTES || upstream.congested || this.#isFull();
  }

  /** Bounds what a client that pipelines without end can make Freshet hold. */
  #isFull(): boolean {
    const { expected } = this.#state;
    return expected.localBytes > MAX_WAITING_BYTES || expected.length > MAX_EXPECTED;
  }

  #setFlow(): void {
    const { client, upstream } = this.#sockets;
    if (this.#ended) return;
    if (this.#mustWait() && !this.#terminated) client.pause();
    else client.resume();
    if (this.#state.client.congested) upstream.pause();
    else upstream.resume();
  }

  #terminate(): void {
    this.#terminated = true;
    this.#state.upstream.flush();
    this.#sockets.upstream.end();
  }

  #clientGone(): void {
    if (this.#ended) return;
    this.#end();
    const { client, upstream } = this.#sockets;
    if (this.#terminated) {
      // The upstream finishes what it was asked for; nobody reads the answers.
      upstream.resume();
    } else {
      if (!this.#state.expected.idle) this.#sockets.cancel();
      upstream.destroy();
    }
    client.destroy();
  }

  #upstreamGone(): void {
    if (this.#ended) return;
    if (this.#terminated || this.#backend.sawFatal) {
      this.#state.client.flush();
      this.#end();
      this.#sockets.client.end();
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
    this.#sockets.upstream.destroy();
    this.#sockets.client.end();
    this.#sockets.client.resume();
  }

  #end(): void {
    this.#ended = true;
    this.#state.closed = true;
  }
}

const FLUSH = encodeFlush();
