import { SqlState, quoteIdentifier } from "@freshet/base";
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
import {
  MessageConnection,
  type MessageConnectionOptions,
  type ReaderEvents,
  type ResponseReader,
} from "../control/message-connection.ts";

export interface CallConnectionOptions extends MessageConnectionOptions {
  /** How long one statement may take. */
  readonly statementTimeoutMs: number;
}

/** The calls of one statement: their results, or the SQLSTATE that it failed with. */
export type StatementOutcome = { readonly values: readonly (Buffer | null)[] } | { readonly failure: string };

/** One connection of Freshet's own on which calls are made. */
export class CallConnection {
  readonly #connection: MessageConnection;
  readonly #statementTimeoutMs: number;

  private constructor(connection: MessageConnection, statementTimeoutMs: number) {
    this.#connection = connection;
    this.#statementTimeoutMs = statementTimeoutMs;
  }

  static async open(options: CallConnectionOptions): Promise<CallConnection> {
    return new CallConnection(await MessageConnection.open(options), options.statementTimeoutMs);
  }

  get usable(): boolean {
    return this.#connection.usable;
  }

  /** Makes the calls in one statement. Rejects when the connection cannot be used any more. */
  run(request: UpstreamCallRequest): Promise<StatementOutcome> {
    const timeoutMs = this.#statementTimeoutMs;
    const start = (events: ReaderEvents<StatementOutcome>): StatementReader => new StatementReader(events);
    return this.#connection.exchange(messages(request, timeoutMs), timeoutMs, start);
  }

  close(): void {
    this.#connection.close();
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

/** Takes the responses apart: of the header, of the statement, of ROLLBACK; each ends with ReadyForQuery. */
class StatementReader implements ResponseReader {
  readonly #events: ReaderEvents<StatementOutcome>;
  readonly #scanner: MessageScanner = new MessageScanner({
    maxLength: MAX_MESSAGE_LENGTH,
    isWhole: () => true,
    prefixBytes: HEADER_BYTES,
  });
  #part = 0;
  #failure: string | null = null;
  #values: readonly (Buffer | null)[] | null = null;

  constructor(events: ReaderEvents<StatementOutcome>) {
    this.#events = events;
  }

  push(chunk: Buffer): void {
    const scanner = this.#scanner;
    scanner.push(chunk);
    while (this.#part < 3 && scanner.advance()) this.#message(scanner.buffer.subarray(scanner.start, scanner.end));
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
