import type { Duplex } from "node:stream";
import { FreshetError, SqlState, quoteIdentifier } from "@freshet/base";
import type { UpstreamCallRequest } from "@freshet/contract";
import { type Row, unpackRow } from "@freshet/values";
import {
  BackendType,
  HEADER_BYTES,
  MAX_MESSAGE_LENGTH,
  MessageScanner,
  decodeDataRow,
  decodeErrorFields,
  encodeBind,
  encodeExecute,
  encodeParse,
  encodeQuery,
  encodeSync,
} from "@freshet/wire";
import pg from "pg";

export interface CallConnectionOptions {
  readonly connectionString: string;
  readonly stream?: (() => Duplex) | undefined;
  readonly applicationName: string;
  readonly connectTimeoutMs: number;
  /** How long one statement may take. */
  readonly statementTimeoutMs: number;
}

/** The calls of one statement: their results, or the SQLSTATE that it failed with. */
export type StatementOutcome = { readonly values: readonly (Buffer | null)[] } | { readonly failure: string };

/**
 * One connection of Freshet's own on which calls are made. The driver logs in; after that the socket's bytes are read here,
 * since it would turn values into strings.
 */
export class CallConnection {
  readonly #client: pg.Client;
  readonly #options: CallConnectionOptions;
  #reading: StatementReader | null = null;
  #closed: string | null = null;

  private constructor(client: pg.Client, options: CallConnectionOptions) {
    this.#client = client;
    this.#options = options;
    const { stream } = client.connection;
    stream.removeAllListeners("data");
    stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    stream.on("close", () => this.#fail("the connection was closed"));
  }

  static async open(options: CallConnectionOptions): Promise<CallConnection> {
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
    return new CallConnection(client, options);
  }

  get usable(): boolean {
    return this.#closed === null;
  }

  /** Makes the calls in one statement. Rejects when the connection cannot be used any more. */
  run(request: UpstreamCallRequest): Promise<StatementOutcome> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== null) {
        reject(new FreshetError(SqlState.cannotConnect, this.#closed));
        return;
      }
      const { statementTimeoutMs, connectTimeoutMs } = this.#options;
      const timer = setTimeout(() => this.#fail("no answer in time"), statementTimeoutMs + connectTimeoutMs);
      const settle = (settled: () => void): void => {
        clearTimeout(timer);
        this.#reading = null;
        settled();
      };
      this.#reading = new StatementReader({
        done: (outcome) => settle(() => resolve(outcome)),
        failed: (message) => settle(() => reject(new FreshetError(SqlState.cannotConnect, message))),
      });
      this.#client.connection.stream.write(messages(request, statementTimeoutMs));
    });
  }

  close(): void {
    this.#fail("the connection was closed");
  }

  #receive(chunk: Buffer): void {
    try {
      this.#reading?.push(chunk);
    } catch (thrown) {
      this.#fail(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  #fail(message: string): void {
    this.#closed ??= message;
    this.#client.connection.stream.destroy();
    this.#reading?.abort(message);
  }
}

/**
 * A transaction that writes nothing and is rolled back, so that nothing of what a function sets outlives its call; the statement has
 * no name that a function could give to another one. Settings are fixed: IMMUTABLE functions have no part in them.
 */
function messages(request: UpstreamCallRequest, timeoutMs: number): Buffer {
  const { role, searchPath, parts, argumentTypes, lists } = request;
  const schemas = searchPath.length === 0 ? "''" : searchPath.map(quoteIdentifier).join(", ");
  const header = `BEGIN READ ONLY; SET LOCAL ROLE ${quoteIdentifier(role)}; SET LOCAL search_path TO ${schemas};
    SET LOCAL statement_timeout TO ${timeoutMs}; SET LOCAL TimeZone TO 'UTC'; SET LOCAL DateStyle TO 'ISO, MDY';
    SET LOCAL IntervalStyle TO 'postgres'; SET LOCAL extra_float_digits TO 1; SET LOCAL bytea_output TO 'hex'`;
  let number = 0;
  const calls = lists.map(() =>
    parts.reduce((text, part, index) => `${text}${index === 0 ? "" : `$${++number}`}${part}`, ""),
  );
  const values = lists.flatMap((list: Row) => [...unpackRow(list)]);
  return Buffer.concat([
    encodeQuery(header),
    encodeParse(
      "",
      `SELECT ${calls.join(", ")}`,
      lists.flatMap(() => argumentTypes),
    ),
    encodeBind({ values, formats: [1], resultFormats: [1] }),
    encodeExecute(""),
    encodeSync(),
    encodeQuery("ROLLBACK"),
  ]);
}

interface StatementEvents {
  done(outcome: StatementOutcome): void;
  failed(message: string): void;
}

/** Takes the responses apart: of the header, of the statement, of ROLLBACK; each ends with ReadyForQuery. */
class StatementReader {
  readonly #events: StatementEvents;
  readonly #scanner: MessageScanner = new MessageScanner({
    maxLength: MAX_MESSAGE_LENGTH,
    isWhole: () => true,
    prefixBytes: HEADER_BYTES,
  });
  #part = 0;
  #failure: string | null = null;
  #values: readonly (Buffer | null)[] | null = null;

  constructor(events: StatementEvents) {
    this.#events = events;
  }

  push(chunk: Buffer): void {
    const scanner = this.#scanner;
    scanner.push(chunk);
    while (this.#part < 3 && scanner.advance()) this.#message(scanner.buffer.subarray(scanner.start, scanner.end));
  }

  abort(message: string): void {
    this.#events.failed(message);
  }

  #message(bytes: Buffer): void {
    switch (this.#scanner.type) {
      case BackendType.dataRow:
        this.#values = decodeDataRow(bytes, 0, bytes.length).map((value) => value && Buffer.from(value));
        return;
      case BackendType.errorResponse:
        this.#failure ??= decodeErrorFields(bytes, 0, bytes.length).get("C") ?? SqlState.internalError;
        return;
      case BackendType.readyForQuery:
        if (++this.#part === 3) this.#finish();
        return;
      default:
    }
  }

  #finish(): void {
    if (this.#failure !== null) this.#events.done({ failure: this.#failure });
    else if (this.#values !== null) this.#events.done({ values: this.#values });
    else this.#events.failed("the upstream gave no answer");
  }
}
