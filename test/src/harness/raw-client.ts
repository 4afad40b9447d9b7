import { once } from "node:events";
import { Socket } from "node:net";
import { assert, FreshetError } from "@freshet/base";
import type { Connection } from "@freshet/postgres";
import {
  BackendType,
  decodeCommandComplete,
  decodeDataRow,
  decodeErrorFields,
  encodeBind,
  encodeClose,
  encodeDescribe,
  encodeExecute,
  encodeParse,
  encodeQuery,
  encodeSync,
  encodeTerminate,
  MessageScanner,
} from "@freshet/wire";
import pg from "pg";

const replyTimeoutMs = 30_000;

/** What a server sent from a request up to ReadyForQuery. */
export interface Reply {
  /** Every message but DataRow, byte for byte, in order. */
  readonly envelope: Buffer;
  /** Column values of each DataRow; null for NULL. */
  readonly rows: readonly (readonly (Buffer | null)[])[];
  readonly tag: string | undefined;
  readonly error: { readonly code: string; readonly message: string } | undefined;
}

/** One execution in the extended protocol. */
export interface ExtendedRequest {
  readonly text: string;
  readonly values: readonly (Buffer | string | null)[];
  readonly formats: readonly number[];
  readonly resultFormats: readonly number[];
  /** A named statement is parsed once per session. */
  readonly statement?: string;
  readonly maxRows?: number;
}

/**
 * A client that keeps the server's bytes as they are. `pg` logs it in (with whatever authentication the server asks for); then
 * it takes the socket over.
 */
export class RawClient {
  readonly #socket: Socket;
  readonly #scanner = new MessageScanner({ maxLength: 0x3fffffff, isWhole: () => true, prefixBytes: 5 });
  readonly #prepared = new Set<string>();
  #collected: Buffer[] = [];
  #waiting: { readonly resolve: (reply: Reply) => void; readonly reject: (error: Error) => void } | undefined;
  #failure: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the server closed the connection")));
  }

  static async connect(connection: Connection): Promise<RawClient> {
    const { host, port, user, password, database } = connection;
    const socket = new Socket();
    const client = new pg.Client({ host, port, user, password, database, stream: () => socket });
    // Once the socket is taken over, its end is none of pg's business.
    client.on("error", () => undefined);
    await client.connect();
    socket.removeAllListeners();
    return new RawClient(socket);
  }

  simple(text: string): Promise<Reply> {
    return this.#request(encodeQuery(text));
  }

  extended(request: ExtendedRequest): Promise<Reply> {
    const { text, values, formats, resultFormats, statement = "", maxRows = 0 } = request;
    const messages: Buffer[] = [];
    if (!this.#prepared.has(statement))
      messages.push(encodeParse(statement, text), encodeDescribe("statement", statement));
    if (statement !== "") this.#prepared.add(statement);
    messages.push(
      encodeBind({ statement, values, formats, resultFormats }),
      encodeDescribe("portal", ""),
      encodeExecute("", maxRows),
      encodeSync(),
    );
    return this.#request(Buffer.concat(messages));
  }

  async closeStatement(statement: string): Promise<void> {
    this.#prepared.delete(statement);
    await this.#request(Buffer.concat([encodeClose("statement", statement), encodeSync()]));
  }

  async end(): Promise<void> {
    if (this.#socket.destroyed) return;
    const closed = once(this.#socket, "close");
    this.#socket.end(encodeTerminate());
    await closed;
  }

  #request(bytes: Buffer): Promise<Reply> {
    assert(this.#waiting === undefined, "one request at a time");
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(new Error(`no reply within ${replyTimeoutMs} ms`)), replyTimeoutMs);
      const settle =
        <T>(finish: (result: T) => void) =>
        (result: T): void => {
          clearTimeout(timer);
          finish(result);
        };
      this.#waiting = { resolve: settle(resolve), reject: settle(reject) };
      this.#socket.write(bytes);
    });
  }

  #receive(chunk: Buffer): void {
    this.#scanner.push(chunk);
    while (this.#scanner.advance()) {
      const message = Buffer.from(this.#scanner.buffer.subarray(this.#scanner.start, this.#scanner.end));
      this.#collected.push(message);
      if (message[0] !== BackendType.readyForQuery) continue;
      const messages = this.#collected;
      this.#collected = [];
      this.#waiting?.resolve(toReply(messages));
      this.#waiting = undefined;
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
    this.#waiting?.reject(this.#failure);
    this.#waiting = undefined;
  }
}

function toReply(messages: readonly Buffer[]): Reply {
  const rows: (Buffer | null)[][] = [];
  const envelope: Buffer[] = [];
  let tag: string | undefined;
  let error: Reply["error"];
  for (const message of messages) {
    const type = message[0];
    if (type === BackendType.dataRow) {
      rows.push(decodeDataRow(message, 0, message.length));
      continue;
    }
    if (type === BackendType.commandComplete) tag = decodeCommandComplete(message, 0, message.length);
    if (type === BackendType.errorResponse) {
      const fields = decodeErrorFields(message, 0, message.length);
      error = { code: fields.get("C") ?? "", message: fields.get("M") ?? "" };
    }
    envelope.push(message);
  }
  return { envelope: Buffer.concat(envelope), rows, tag, error };
}

/** The reply, unless it is an error. */
export function succeeded(reply: Reply): Reply {
  if (reply.error !== undefined) throw new FreshetError(reply.error.code, reply.error.message);
  return reply;
}

/** The rows of a reply in text format. */
export function textRows(reply: Reply): (string | null)[][] {
  return succeeded(reply).rows.map((row) => row.map((value) => value?.toString("utf8") ?? null));
}
