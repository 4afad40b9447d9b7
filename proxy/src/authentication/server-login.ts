import type { Duplex } from "node:stream";
import { FreshetError, SqlState } from "@freshet/base";
import {
  AuthenticationKind,
  type BackendKeyData,
  BackendType,
  FrontendType,
  type MessageScanner,
  NEWEST_PROTOCOL_VERSION,
  authenticationData,
  backendScanner,
  decodeAuthenticationKind,
  decodeBackendKeyData,
  decodeErrorFields,
  decodeMd5Salt,
  decodeNegotiateProtocolVersion,
  decodeParameterStatus,
  decodeReadyForQuery,
  decodeSaslMechanisms,
  encodePassword,
  encodeStartupMessage,
  frame,
} from "@freshet/wire";
import { ScramClient } from "./scram-client.ts";
import { SCRAM } from "./scram-server.ts";
import { type ServerSecret, md5Answer, md5Secret } from "./secrets.ts";

/** As whom the upstream is logged in to. */
export interface ServerCredentials {
  readonly user: string;
  readonly secret: ServerSecret;
}

/** What a login to the upstream has brought. */
export interface ServerLogin {
  readonly parameters: Map<string, string>;
  readonly key: BackendKeyData | null;
  /** With what may have come behind ReadyForQuery. */
  readonly scanner: MessageScanner;
}

/**
 * Logs in to the upstream on a fresh connection, in the newest protocol version that both know. Rejects with the upstream's own error; the socket
 * stays the caller's.
 */
export function logIn(
  socket: Duplex,
  credentials: ServerCredentials,
  startup: ReadonlyMap<string, string>,
): Promise<ServerLogin> {
  return new Promise((resolve, reject) => {
    const login = new LoginExchange(socket, credentials, (outcome) => {
      socket.off("data", onData).off("close", onClose).off("end", onClose);
      socket.pause();
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    });
    const onData = (chunk: Buffer): void => login.receive(chunk);
    const onClose = (): void =>
      login.fail(
        new FreshetError(SqlState.connectionFailure, "the upstream server closed the connection during login"),
      );
    socket.on("data", onData).on("close", onClose).on("end", onClose);
    socket.write(encodeStartupMessage(NEWEST_PROTOCOL_VERSION, startup));
    socket.resume();
  });
}

class LoginExchange {
  readonly #socket: Duplex;
  readonly #credentials: ServerCredentials;
  readonly #done: (outcome: ServerLogin | Error) => void;
  readonly #scanner: MessageScanner = backendScanner();
  readonly #parameters = new Map<string, string>();
  #key: BackendKeyData | null = null;
  #scram: ScramClient | null = null;
  #proven = false;
  #settled = false;

  constructor(socket: Duplex, credentials: ServerCredentials, done: (outcome: ServerLogin | Error) => void) {
    this.#socket = socket;
    this.#credentials = credentials;
    this.#done = done;
  }

  receive(chunk: Buffer): void {
    try {
      this.#scanner.push(chunk);
      while (!this.#settled && this.#scanner.advance()) this.#message();
    } catch (thrown) {
      this.fail(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  fail(error: Error): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#done(error);
  }

  #message(): void {
    const { type, buffer, start, end } = this.#scanner;
    switch (type) {
      case BackendType.authentication:
        this.#authentication(Buffer.from(buffer.subarray(start, end)));
        break;
      case BackendType.parameterStatus: {
        const { name, value } = decodeParameterStatus(buffer, start, end);
        this.#parameters.set(name, value);
        break;
      }
      case BackendType.backendKeyData:
        this.#key = decodeBackendKeyData(buffer, start, end);
        break;
      case BackendType.negotiateProtocolVersion: {
        const { version } = decodeNegotiateProtocolVersion(buffer, start, end);
        if (version >>> 16 !== 3) throw refused("the upstream server speaks another protocol");
        break;
      }
      case BackendType.errorResponse:
        this.fail(serverError(buffer, start, end));
        break;
      case BackendType.readyForQuery:
        decodeReadyForQuery(buffer, start, end);
        this.#settled = true;
        this.#done({ parameters: this.#parameters, key: this.#key, scanner: this.#scanner });
        break;
      default:
        // Notices.
        break;
    }
  }

  #authentication(message: Buffer): void {
    const kind = decodeAuthenticationKind(message, 0, message.length);
    switch (kind) {
      case AuthenticationKind.ok:
        // A server that asked for SCRAM must have proven that it knows the secret too.
        if (this.#scram !== null && !this.#proven) throw refused("the upstream server has not proven who it is");
        return;
      case AuthenticationKind.cleartextPassword:
        this.#socket.write(encodePassword(this.#password()));
        return;
      case AuthenticationKind.md5Password:
        this.#socket.write(encodePassword(md5Answer(this.#hash(), decodeMd5Salt(message, 0, message.length))));
        return;
      case AuthenticationKind.sasl:
        this.#begin(decodeSaslMechanisms(message, 0, message.length));
        return;
      case AuthenticationKind.saslContinue:
        this.#continue(authenticationData(message, 0, message.length).toString());
        return;
      case AuthenticationKind.saslFinal:
        if (this.#scram === null) throw refused("SASL ends before it began");
        this.#scram.verify(authenticationData(message, 0, message.length).toString());
        this.#proven = true;
        return;
      default:
        throw refused(`the upstream server asks for authentication method ${kind}`);
    }
  }

  #password(): string {
    const { secret } = this.#credentials;
    if (secret.kind === "plain") return secret.password;
    throw this.#unknown("the password itself");
  }

  #hash(): string {
    const { secret, user } = this.#credentials;
    if (secret.kind === "md5") return secret.hash;
    return md5Secret(this.#password(), user);
  }

  #begin(mechanisms: readonly string[]): void {
    const { secret } = this.#credentials;
    if (!mechanisms.includes(SCRAM)) throw refused("the upstream server offers no SASL mechanism that is known");
    if (secret.kind !== "plain" && secret.kind !== "scram-keys") throw this.#unknown("a SCRAM secret");
    this.#scram = new ScramClient(secret);
    const first = Buffer.from(this.#scram.first());
    const length = Buffer.alloc(4);
    length.writeInt32BE(first.length);
    this.#socket.write(frame(FrontendType.password, Buffer.from(`${SCRAM}\0`), length, first));
  }

  #continue(serverFirst: string): void {
    if (this.#scram === null) throw refused("SASL continues before it began");
    this.#scram.final(serverFirst).then(
      (final) => this.#socket.write(frame(FrontendType.password, Buffer.from(final))),
      (thrown: unknown) => this.fail(thrown instanceof Error ? thrown : new Error(String(thrown))),
    );
  }

  #unknown(what: string): FreshetError {
    const { user } = this.#credentials;
    return new FreshetError(
      SqlState.invalidPassword,
      `the upstream server asks for ${what} of user "${user}", which is not known`,
      {
        hint: "Give it in the file of --auth-file, or let the client log in by the method that upstream asks for.",
      },
    );
  }
}

/** The upstream's error, as it would have reached a client of its own. */
export function serverError(buffer: Buffer, start: number, end: number): FreshetError {
  const fields = decodeErrorFields(buffer, start, end);
  return new FreshetError(fields.get("C") ?? SqlState.connectionFailure, fields.get("M") ?? "the server failed", {
    detail: fields.get("D"),
    hint: fields.get("H"),
  });
}

function refused(message: string): FreshetError {
  return new FreshetError(SqlState.connectionFailure, message);
}
