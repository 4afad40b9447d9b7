import { FreshetError, SqlState } from "@freshet/base";
import type { Duplex } from "node:stream";
import {
  AuthenticationKind,
  type BackendKeyData,
  BackendType,
  FrontendType,
  HEADER_BYTES,
  type MessageScanner,
  type TransactionStatus,
  backendScanner,
  decodeAuthenticationKind,
  decodeBackendKeyData,
  decodeErrorFields,
  decodeParameterStatus,
  decodeReadyForQuery,
  decodeSaslMechanisms,
  encodeSaslMechanisms,
  frontendScanner,
  loginScanner,
  toFreshetError,
} from "@freshet/wire";

/** What a login has shown, and the scanners with what they may still hold. */
export interface Login {
  readonly status: TransactionStatus;
  readonly parameters: ReadonlyMap<string, string>;
  readonly key: BackendKeyData | null;
  readonly frontend: MessageScanner;
  readonly backend: MessageScanner;
}

/**
 * The upstream has said why it ends the login, and the client has been told. `refused`: because of who the client is or could not prove to be
 * (SQLSTATE class 28); `closed`: for another reason.
 */
export type LoginOutcome = Login | FreshetError | "refused" | "closed";

export interface LoginRelayOptions {
  /**
   * The client's TLS ends at Freshet, so that binding to that channel could not succeed upstream: SCRAM-SHA-256-PLUS is
   * not passed on.
   */
  readonly withoutChannelBinding: boolean;
}

/**
 * Relays a login between client and upstream, whatever its method, until the first ReadyForQuery.
 * Messages that a client sends ahead of that, other than answers to authentication, wait in the scanner.
 */
export class LoginRelay {
  readonly #client: Duplex;
  readonly #upstream: Duplex;
  readonly #options: LoginRelayOptions;
  readonly #frontend: MessageScanner = loginScanner();
  readonly #backend: MessageScanner = backendScanner();
  readonly #parameters = new Map<string, string>();
  readonly #done: (outcome: LoginOutcome) => void;
  #key: BackendKeyData | null = null;
  /** The upstream waits for the client's answer. */
  #asked = false;
  /** A message of the client that must wait for the end of login has been seen. */
  #ahead: Buffer[] = [];
  /** SQLSTATE of the upstream's error. */
  #refusal: string | null = null;
  /** SCRAM-SHA-256-PLUS has been taken out of what the upstream offers. */
  #unbound = false;
  #finished = false;
  readonly #onClient = (chunk: Buffer): void => this.#clientData(chunk);
  readonly #onUpstream = (chunk: Buffer): void => this.#upstreamData(chunk);
  readonly #onClientEnd = (): void => this.#finish(this.#ending());
  readonly #onUpstreamEnd = (): void => this.#upstreamGone();

  constructor(client: Duplex, upstream: Duplex, options: LoginRelayOptions, done: (outcome: LoginOutcome) => void) {
    this.#client = client;
    this.#options = options;
    this.#upstream = upstream;
    this.#done = done;
  }

  /** `early`: bytes that followed the startup packet. */
  start(startupPacket: Buffer, early: Buffer): void {
    this.#client.on("data", this.#onClient).on("end", this.#onClientEnd).on("close", this.#onClientEnd);
    this.#upstream.on("data", this.#onUpstream).on("end", this.#onUpstreamEnd).on("close", this.#onUpstreamEnd);
    this.#upstream.write(startupPacket);
    if (early.length > 0) this.#clientData(early);
    this.#client.resume();
    // Whoever opened it has paused it where TLS was asked for first.
    this.#upstream.resume();
  }

  /** Gives up; the sockets are the caller's again. */
  abandon(): void {
    this.#detach();
  }

  #clientData(chunk: Buffer): void {
    this.#frontend.push(chunk);
    this.#answer();
  }

  /** Sends answers to authentication; anything else only when the upstream asks, since it then refuses it. */
  #answer(): void {
    try {
      while (this.#ahead.length === 0 && this.#frontend.advance()) {
        const { type, buffer, start, end } = this.#frontend;
        const bytes = buffer.subarray(start, end);
        if (type === FrontendType.password) this.#assertRelayable(bytes);
        if (type === FrontendType.password || type === FrontendType.terminate || this.#asked) {
          this.#upstream.write(bytes);
          if (type === FrontendType.password) this.#asked = false;
        } else {
          this.#ahead.push(bytes);
        }
      }
    } catch (thrown) {
      this.#finish(toFreshetError(thrown));
    }
    // What waits is bounded: no more is read before the upstream has spoken.
    if (this.#ahead.length > 0) this.#client.pause();
  }

  /**
   * A client that could bind, and was not asked to, says so (`y`), and an upstream that did ask refuses it as an attack. What the client says is
   * signed, so it cannot be relayed in other words.
   */
  #assertRelayable(answer: Buffer): void {
    if (!this.#unbound || !answer.includes("SCRAM-SHA-256\0", HEADER_BYTES, "latin1")) return;
    const firstByte = HEADER_BYTES + "SCRAM-SHA-256\0".length + 4;
    if (answer.toString("latin1", firstByte, firstByte + 2) !== "y,") return;
    throw new FreshetError(SqlState.invalidAuthorization, "a login with channel binding cannot be relayed", {
      detail:
        "The client's TLS ends at Freshet, and upstream's begins there: the client would bind to the wrong channel.",
      hint: "Connect with channel_binding=disable, or let Freshet authenticate clients (--auth-type).",
    });
  }

  #upstreamData(chunk: Buffer): void {
    try {
      this.#backend.push(chunk);
      while (!this.#finished && this.#backend.advance()) this.#relay();
    } catch (thrown) {
      this.#finish(toFreshetError(thrown));
    }
  }

  #relay(): void {
    const { type, buffer, start, end } = this.#backend;
    this.#client.write(this.#forClient(type, buffer.subarray(start, end)));
    switch (type) {
      case BackendType.authentication: {
        const kind = decodeAuthenticationKind(buffer, start, end);
        this.#asked = kind !== AuthenticationKind.ok && kind !== AuthenticationKind.saslFinal;
        this.#retry();
        break;
      }
      case BackendType.parameterStatus: {
        const { name, value } = decodeParameterStatus(buffer, start, end);
        this.#parameters.set(name, value);
        break;
      }
      case BackendType.backendKeyData:
        this.#key = decodeBackendKeyData(buffer, start, end);
        break;
      case BackendType.errorResponse:
        this.#refusal = decodeErrorFields(buffer, start, end).get("C") ?? "";
        break;
      case BackendType.readyForQuery:
        this.#ready(decodeReadyForQuery(buffer, start, end));
        break;
      default:
        break;
    }
  }

  #forClient(type: number, message: Buffer): Buffer {
    if (!this.#options.withoutChannelBinding || type !== BackendType.authentication) return message;
    if (decodeAuthenticationKind(message, 0, message.length) !== AuthenticationKind.sasl) return message;
    const mechanisms = decodeSaslMechanisms(message, 0, message.length);
    const relayed = mechanisms.filter((mechanism) => !mechanism.endsWith("-PLUS"));
    this.#unbound = relayed.length < mechanisms.length;
    return encodeSaslMechanisms(relayed);
  }

  /** The upstream asks while a message of another kind waits: it goes there, to be refused. */
  #retry(): void {
    if (!this.#asked || this.#ahead.length === 0) return;
    for (const bytes of this.#ahead) this.#upstream.write(bytes);
    this.#ahead = [];
    this.#answer();
    this.#client.resume();
  }

  #ready(status: TransactionStatus): void {
    const frontend = frontendScanner();
    frontend.push(Buffer.concat([...this.#ahead, this.#frontend.takeRest()]));
    this.#finish({ status, parameters: this.#parameters, key: this.#key, frontend, backend: this.#backend });
  }

  #ending(): "refused" | "closed" {
    return this.#refusal?.startsWith("28") === true ? "refused" : "closed";
  }

  #upstreamGone(): void {
    if (this.#refusal !== null) {
      this.#finish(this.#ending());
      return;
    }
    this.#finish(
      new FreshetError(SqlState.connectionFailure, "the upstream server closed the connection during login"),
    );
  }

  #finish(outcome: LoginOutcome): void {
    if (this.#finished) return;
    this.#detach();
    this.#done(outcome);
  }

  #detach(): void {
    this.#finished = true;
    this.#client.off("data", this.#onClient).off("end", this.#onClientEnd).off("close", this.#onClientEnd);
    this.#upstream.off("data", this.#onUpstream).off("end", this.#onUpstreamEnd).off("close", this.#onUpstreamEnd);
  }
}
