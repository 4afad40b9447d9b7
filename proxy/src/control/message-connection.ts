import type { Duplex } from "node:stream";
import { FreshetError, SqlState, errorMessage } from "@freshet/base";
import pg from "pg";

export interface MessageConnectionOptions {
  readonly connectionString: string;
  /** Opens what the driver talks on, where its own socket does not do. */
  readonly stream?: (() => Duplex) | undefined;
  readonly applicationName: string;
  readonly connectTimeoutMs: number;
}

/** How a reader of responses ends: with what it has read, or because the connection is of no more use. */
export interface ReaderEvents<T> {
  done(result: T): void;
  failed(message: string): void;
}

/** Takes the responses to one exchange apart. What it throws, or reports as failed, ends the connection. */
export interface ResponseReader {
  push(chunk: Buffer): void;
}

interface Exchange {
  readonly reader: ResponseReader;
  readonly fail: (message: string) => void;
}

/**
 * One connection of Freshet's own on which whole messages are sent and read. The driver logs in; after that the socket's
 * bytes are read here, since it would turn values into strings. One exchange at a time.
 */
export class MessageConnection {
  readonly #client: pg.Client;
  readonly #connectTimeoutMs: number;
  #exchange: Exchange | null = null;
  #closed: string | null = null;

  private constructor(client: pg.Client, connectTimeoutMs: number) {
    this.#client = client;
    this.#connectTimeoutMs = connectTimeoutMs;
    const { stream } = client.connection;
    stream.removeAllListeners("data");
    stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    stream.on("close", () => this.#fail("the connection was closed"));
  }

  static async open(options: MessageConnectionOptions): Promise<MessageConnection> {
    const client = new pg.Client({
      connectionString: options.connectionString,
      ...(options.stream === undefined ? {} : { stream: options.stream }),
      application_name: options.applicationName,
      connectionTimeoutMillis: options.connectTimeoutMs,
      keepAlive: true,
    });
    // Whatever happens to the socket ends with its `close`.
    client.on("error", () => undefined);
    try {
      await client.connect();
    } catch (thrown) {
      client.connection.stream.destroy();
      throw thrown;
    }
    return new MessageConnection(client, options.connectTimeoutMs);
  }

  get usable(): boolean {
    return this.#closed === null;
  }

  /**
   * Sends `messages` and reads with the reader that `start` makes until it is done. The server is trusted to keep `timeoutMs`
   * by itself; a connection that says nothing beyond it (and the time for connecting) is given up. Rejects when it cannot be used any more.
   */
  exchange<T>(messages: Buffer, timeoutMs: number, start: (events: ReaderEvents<T>) => ResponseReader): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== null) {
        reject(new FreshetError(SqlState.cannotConnect, this.#closed));
        return;
      }
      const timer = setTimeout(() => this.#fail("no answer in time"), timeoutMs + this.#connectTimeoutMs);
      const settle = (): void => {
        clearTimeout(timer);
        this.#exchange = null;
      };
      const failed = (message: string): void => {
        settle();
        reject(new FreshetError(SqlState.cannotConnect, message));
        this.close();
      };
      const done = (result: T): void => {
        settle();
        resolve(result);
      };
      this.#exchange = { reader: start({ done, failed }), fail: failed };
      this.#client.connection.stream.write(messages);
    });
  }

  /** An exchange that is under way is rejected. */
  close(): void {
    this.#fail("the connection was closed");
  }

  #receive(chunk: Buffer): void {
    try {
      this.#exchange?.reader.push(chunk);
    } catch (thrown) {
      this.#fail(errorMessage(thrown));
    }
  }

  #fail(message: string): void {
    this.#closed ??= message;
    this.#client.connection.stream.destroy();
    this.#exchange?.fail(message);
  }
}
