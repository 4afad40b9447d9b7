import { type Socket, createConnection } from "node:net";
import { BackendType, MessageScanner, decodeErrorFields, encodeStartupMessage } from "@freshet/wire";
import { answerAuthentication } from "./authenticate.ts";

export interface ReceivedMessage {
  readonly type: string;
  /** The whole message. */
  readonly bytes: Buffer;
}

/** A protocol client for tests: sends any bytes, receives messages one by one. */
export class RawClient {
  readonly socket: Socket;
  readonly #scanner = new MessageScanner({ maxLength: 0x3fffffff, isWhole: () => true, prefixBytes: 5 });
  readonly #received: ReceivedMessage[] = [];
  readonly closed: Promise<void>;
  #wake: () => void = () => undefined;
  #ended = false;

  /** `to`: a port of this machine, or a socket that is open already. */
  constructor(to: number | Socket) {
    this.socket = typeof to === "number" ? createConnection({ host: "127.0.0.1", port: to }) : to;
    this.socket.on("error", () => undefined);
    this.socket.on("data", (chunk: Buffer) => {
      this.#scanner.push(Buffer.from(chunk));
      while (this.#scanner.advance()) {
        const { buffer, start, end, type } = this.#scanner;
        this.#received.push({ type: String.fromCharCode(type), bytes: Buffer.from(buffer.subarray(start, end)) });
      }
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      this.socket.once("close", () => {
        this.#ended = true;
        this.#wake();
        resolve();
      });
    });
  }

  /** Logs in as the URL says, with whatever method the server asks for. */
  static async login(port: number, as: Credentials): Promise<RawClient> {
    const client = new RawClient(port);
    client.send(startup(as));
    await client.authenticate(as);
    return client;
  }

  /** Answers until ReadyForQuery or the connection's end; returns all that came. */
  async authenticate(as: Credentials): Promise<ReceivedMessage[]> {
    const messages: ReceivedMessage[] = [];
    for (let message = await this.next(); message !== undefined; message = await this.next()) {
      messages.push(message);
      if (message.type === "Z") break;
      const answer =
        message.type === "R" ? answerAuthentication(message.bytes, as.user ?? "", as.password ?? "") : null;
      if (answer !== null) this.send(answer);
    }
    return messages;
  }

  send(...messages: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(messages));
  }

  /** The next message; undefined when the connection has ended. */
  async next(): Promise<ReceivedMessage | undefined> {
    while (this.#received.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#received.shift();
  }

  /** Everything up to and with the next message of a type (by default ReadyForQuery), or the connection's end. */
  async until(type = "Z"): Promise<ReceivedMessage[]> {
    const messages: ReceivedMessage[] = [];
    for (let message = await this.next(); message !== undefined; message = await this.next()) {
      messages.push(message);
      if (message.type === type) break;
    }
    return messages;
  }

  untilReady(): Promise<ReceivedMessage[]> {
    return this.until();
  }

  close(): void {
    this.socket.destroy();
  }
}

export interface Credentials {
  readonly user: string | null;
  readonly password: string | null;
  readonly database: string | null;
}

export function startup(as: Credentials, extra: readonly (readonly [string, string])[] = []): Buffer {
  const parameters = new Map([["user", as.user ?? ""], ["database", as.database ?? ""], ...extra]);
  return encodeStartupMessage(3 << 16, parameters);
}

/** Types of messages, as a string. */
export function types(messages: readonly ReceivedMessage[]): string {
  return messages.map((message) => message.type).join("");
}

/** SQLSTATE and message of the first error. */
export function errorOf(messages: readonly ReceivedMessage[]): string {
  const error = messages.find((message) => message.bytes[0] === BackendType.errorResponse);
  if (error === undefined) return "no error";
  const fields = decodeErrorFields(error.bytes, 0, error.bytes.length);
  return `${fields.get("C")} ${fields.get("M")}`;
}
