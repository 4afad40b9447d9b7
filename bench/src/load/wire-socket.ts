import type { Connection } from "@freshet/postgres";
import { BackendType, type MessageScanner, backendScanner, decodeErrorFields } from "@freshet/wire";
import pg from "pg";

/**
 * A logged-in connection without a driver: bytes go out as they are, messages come in one by one. The
 * driver does the login (and its SCRAM); then its socket is taken over.
 */
export class WireSocket {
  readonly #client: pg.Client;
  readonly #scanner: MessageScanner = backendScanner();
  readonly #onMessage: (scanner: MessageScanner) => void;
  readonly #onFailure: (error: Error) => void;
  #closing = false;

  private constructor(
    client: pg.Client,
    onMessage: (scanner: MessageScanner) => void,
    onFailure: (error: Error) => void,
  ) {
    this.#client = client;
    this.#onMessage = onMessage;
    this.#onFailure = onFailure;
    const { stream } = client.connection;
    stream.removeAllListeners("data");
    stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    client.on("error", (error) => this.#fail(error));
    client.on("end", () => this.#fail(new Error("the server has closed the connection")));
  }

  /** Takes over the connection of a driver that is idle. */
  static takeOver(
    client: pg.Client,
    onMessage: (scanner: MessageScanner) => void,
    onFailure: (error: Error) => void,
  ): WireSocket {
    return new WireSocket(client, onMessage, onFailure);
  }

  static async open(
    { host, port, user, password, database }: Connection,
    onMessage: (scanner: MessageScanner) => void,
    onFailure: (error: Error) => void,
  ): Promise<WireSocket> {
    const client = new pg.Client({ host, port, user, password, database });
    await client.connect();
    return new WireSocket(client, onMessage, onFailure);
  }

  send(bytes: Buffer): void {
    this.#client.connection.stream.write(bytes);
  }

  close(): void {
    this.#closing = true;
    this.#client.connection.stream.destroy();
  }

  #receive(chunk: Buffer): void {
    const scanner = this.#scanner;
    scanner.push(chunk);
    while (scanner.advance()) {
      if (scanner.type === BackendType.errorResponse) {
        const fields = decodeErrorFields(scanner.buffer, scanner.start, scanner.end);
        this.#fail(new Error(`${fields.get("C")} ${fields.get("M")}`));
        return;
      }
      this.#onMessage(scanner);
    }
  }

  #fail(error: Error): void {
    if (!this.#closing) this.#onFailure(error);
  }
}
