import type { Duplex } from "node:stream";
import { FreshetError, SqlState, now } from "@freshet/base";
import {
  type BackendKeyData,
  BackendType,
  type MessageScanner,
  decodeParameterStatus,
  decodeReadyForQuery,
  encodeCancelRequest,
  encodeQuery,
  encodeTerminate,
  protocolViolation,
} from "@freshet/wire";
import type { PooledServer, ServerEvents } from "../session/pool-port.ts";
import type { PreparedStatement } from "../session/prepared-statement.ts";
import { ReportedSettings } from "../session/reported-settings.ts";
import { ServerStatements } from "../session/server-statements.ts";
import { readDirectly } from "../upstream/direct-reading.ts";
import { type ServerCredentials, type ServerLogin, logIn, serverError } from "../authentication/server-login.ts";

/** How the server is reached. */
export interface ServerAddress {
  connect(): Promise<Duplex>;
  /** Resolves when the server has closed the connection that carried the request. */
  cancel(packet: Buffer): Promise<void>;
}

export interface ServerConnectionOptions {
  readonly address: ServerAddress;
  readonly credentials: ServerCredentials;
  /** The startup packet's parameters. */
  readonly startup: ReadonlyMap<string, string>;
  /** From the first packet to ReadyForQuery. */
  readonly timeoutMs: number;
  /** The server has ended the connection, or it has said something that nobody asked for. */
  readonly onGone: (server: ServerConnection) => void;
}

const NO_SETTINGS: ReadonlyMap<string, string> = new Map();

/** One connection to the server that sessions take turns on. */
export class ServerConnection implements PooledServer {
  readonly socket: Duplex;
  readonly scanner: MessageScanner;
  readonly statements: ServerStatements = new ServerStatements();
  readonly reported: ReportedSettings;
  /** Startup parameters that it was opened with, as one text. */
  readonly startupKey: string;
  readonly processId: number;
  readonly openedAt: number = now();
  unnamed: PreparedStatement | null = null;
  applied: ReadonlyMap<string, string> = NO_SETTINGS;
  unknownSettings = false;
  /** When it last came back. */
  usedAt: number = now();
  /** Whose wish it last fulfilled; null: nobody's yet. */
  lastOwner: object | null = null;
  /** Just opened, for a client that waits: it need not be tried out. */
  isFresh = false;
  /** To be closed when it comes back. */
  outdated = false;
  readonly #options: ServerConnectionOptions;
  readonly #key: BackendKeyData | null;
  #events: ServerEvents | null = null;
  #cancels = 0;
  #whenCancelled: (() => void)[] = [];
  #closed = false;

  private constructor(socket: Duplex, login: ServerLogin, options: ServerConnectionOptions, startupKey: string) {
    this.socket = socket;
    this.scanner = login.scanner;
    this.reported = new ReportedSettings(login.parameters);
    this.processId = login.key?.processId ?? 0;
    this.startupKey = startupKey;
    this.#key = login.key;
    this.#options = options;
    readDirectly(socket, (chunk) => this.#data(chunk));
    socket.on("drain", () => this.#events?.drain());
    socket.on("end", () => this.#gone());
    socket.on("close", () => this.#gone());
    socket.resume();
  }

  static async open(options: ServerConnectionOptions, startupKey: string): Promise<ServerConnection> {
    const { address, credentials, startup, timeoutMs } = options;
    const socket = await address.connect();
    // Whatever happens to the socket ends with its `close`.
    socket.on("error", () => undefined);
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    try {
      return new ServerConnection(socket, await logIn(socket, credentials, startup), options, startupKey);
    } catch (thrown) {
      socket.destroy();
      throw thrown;
    } finally {
      clearTimeout(timer);
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  listen(events: ServerEvents | null): void {
    this.#events = events;
    this.socket.resume();
  }

  /**
   * Runs statements by the simple protocol while no session has the connection. Rejects with the server's first error;
   * a server that does not answer in time loses the connection.
   */
  run(sql: string, timeoutMs: number): Promise<void> {
    this.unnamed = null;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#gone(), timeoutMs);
      const settle = (error: FreshetError | null): void => {
        clearTimeout(timer);
        this.#events = null;
        if (error === null) resolve();
        else reject(error);
      };
      const answer = new RunAnswer();
      this.#events = {
        data: (chunk) => {
          if (this.#scan(chunk, () => answer.message(this.scanner)) && answer.done) settle(answer.failure);
          return false;
        },
        drain: () => undefined,
        gone: () => settle(answer.failure ?? connectionLost()),
      };
      if (this.#closed) settle(connectionLost());
      else this.socket.write(encodeQuery(sql));
    });
  }

  /** The server is gone, whether the socket has heard of it or not. */
  lose(): void {
    this.#gone();
  }

  cancel(): void {
    if (this.#key === null || this.#closed) return;
    this.#cancels++;
    // A request that did not get there interrupts nothing.
    void this.#options.address
      .cancel(encodeCancelRequest(this.#key.processId, this.#key.secretKey))
      .catch(() => undefined)
      .finally(() => this.#cancelled());
  }

  /**
   * Resolves when no cancel request for it is under way; null: none is. Until then it must not be given to another
   * session, whose statement the request could hit.
   */
  whenSettled(): Promise<void> | null {
    if (this.#cancels === 0) return null;
    return new Promise((resolve) => this.#whenCancelled.push(resolve));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // What is still being done there is of no use to anybody.
    if (this.socket.writable) this.socket.end(encodeTerminate(), () => this.socket.destroy());
    else this.socket.destroy();
    this.socket.resume();
  }

  #cancelled(): void {
    this.#cancels--;
    if (this.#cancels > 0) return;
    const waiting = this.#whenCancelled;
    this.#whenCancelled = [];
    for (const resolve of waiting) resolve();
  }

  #data(chunk: Buffer): boolean {
    if (this.#closed) return false;
    if (this.#events !== null) return this.#events.data(chunk);
    // While nobody uses the connection only news may come.
    this.#scan(chunk, () => false);
    return false;
  }

  /** Hands each message to `message` until that is done with it; what nobody understands ends the connection. */
  #scan(chunk: Buffer, message: () => boolean): boolean {
    try {
      this.scanner.push(chunk);
      while (this.scanner.advance()) {
        if (this.scanner.type === BackendType.parameterStatus) this.#reported();
        else if (this.scanner.type !== BackendType.noticeResponse && !message())
          throw protocolViolation("unexpected message");
      }
      return true;
    } catch (thrown) {
      if (!(thrown instanceof FreshetError)) throw thrown;
      this.#gone();
      return false;
    } finally {
      this.scanner.detach();
    }
  }

  #reported(): void {
    const { name, value } = decodeParameterStatus(this.scanner.buffer, this.scanner.start, this.scanner.end);
    this.reported.set(name, value);
  }

  #gone(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.socket.destroy();
    const events = this.#events;
    this.#events = null;
    events?.gone();
    this.#options.onGone(this);
  }
}

/** What `run` has been told. */
class RunAnswer {
  failure: FreshetError | null = null;
  done = false;

  /** False when nothing is awaited any more. */
  message({ type, buffer, start, end, last }: MessageScanner): boolean {
    if (this.done) return false;
    if (type === BackendType.errorResponse && last) this.failure ??= serverError(buffer, start, end);
    if (type === BackendType.readyForQuery) {
      this.done = true;
      if (decodeReadyForQuery(buffer, start, end) !== "I") this.failure ??= connectionLost();
    }
    return true;
  }
}

function connectionLost(): FreshetError {
  return new FreshetError(SqlState.connectionFailure, "the upstream server closed the connection unexpectedly");
}
