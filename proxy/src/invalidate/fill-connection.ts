import { must } from "@freshet/base";
import { type Lsn, parseLsn } from "@freshet/values";
import {
  BackendType,
  HEADER_BYTES,
  MAX_MESSAGE_LENGTH,
  MessageScanner,
  decodeDataRow,
  decodeErrorFields,
  encodeBind,
  encodeDescribe,
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
import type { BoundParameters } from "../session/front-ports.ts";
import type { AnswerRows } from "./answer-store.ts";
import { UpstreamSnapshot } from "./upstream-snapshot.ts";

/** What is to be read: a statement as a session would run it. */
export interface FillRequest {
  readonly text: string;
  readonly parameters: BoundParameters | null;
  readonly resultFormats: readonly number[];
  /** SET LOCAL statements. */
  readonly settings: string;
  /** SQL for the seconds for which the answer holds, as text; NULL: as long as no change of a table ends it. */
  readonly holds: string;
  /** Larger answers are not read to their end. */
  readonly maxBytes: number;
}

export interface Filled {
  readonly snapshot: UpstreamSnapshot;
  /** Read when the snapshot had been taken. */
  readonly lsn: Lsn;
  /** Monotonic ms before the next midnight of the settings' time zone, on the upstream's clock. */
  readonly midnight: number;
  /** Monotonic ms until which the answer holds as the request's SQL says. */
  readonly holdsUntil: number | null;
  readonly outcome: AnswerRows | { readonly kind: "failed"; readonly message: string } | { readonly kind: "too-large" };
}

export interface FillConnectionOptions extends MessageConnectionOptions {
  /** How long one statement may take. */
  readonly fillTimeoutMs: number;
  readonly clock: () => number;
}

/** One connection of Freshet's own on which answers are read, as the messages that they are. */
export class FillConnection {
  readonly #connection: MessageConnection;
  readonly #options: FillConnectionOptions;

  private constructor(connection: MessageConnection, options: FillConnectionOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  static async open(options: FillConnectionOptions): Promise<FillConnection> {
    return new FillConnection(await MessageConnection.open(options), options);
  }

  get usable(): boolean {
    return this.#connection.usable;
  }

  /** Reads one answer at a snapshot of its own. Rejects when the connection cannot be used any more. */
  run(request: FillRequest): Promise<Filled> {
    const { fillTimeoutMs, clock } = this.#options;
    const start = (events: ReaderEvents<Filled>): FillReader => new FillReader(request.maxBytes, clock(), events);
    return this.#connection.exchange(messages(request, fillTimeoutMs), fillTimeoutMs, start);
  }

  close(): void {
    this.#connection.close();
  }
}

/**
 * The snapshot is taken by the first SELECT and kept by the transaction; the WAL position is read under it, hence
 * after it was taken. Everything goes in one round trip.
 */
function messages(request: FillRequest, timeoutMs: number): Buffer {
  const { parameters } = request;
  const header = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${request.settings}
    SET LOCAL row_security TO off; SET LOCAL statement_timeout TO ${timeoutMs};
    SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text, pg_catalog.pg_current_wal_insert_lsn()::pg_catalog.text,
      (EXTRACT(epoch FROM (CURRENT_DATE OPERATOR(pg_catalog.+) 1)::pg_catalog.timestamptz
        OPERATOR(pg_catalog.-) pg_catalog.clock_timestamp()))::pg_catalog.text, ${request.holds}`;
  return Buffer.concat([
    encodeQuery(header),
    encodeParse("", request.text, parameters?.typeOids ?? []),
    encodeBind({
      values: parameters?.values ?? [],
      formats: parameters?.formats ?? [],
      resultFormats: request.resultFormats,
    }),
    encodeDescribe("portal", ""),
    encodeExecute(""),
    encodeSync(),
    encodeQuery("ROLLBACK"),
  ]);
}

/** Takes the responses apart: of the header, of the statement, of ROLLBACK; each ends with ReadyForQuery. */
class FillReader implements ResponseReader {
  readonly #events: ReaderEvents<Filled>;
  readonly #maxBytes: number;
  readonly #startedAt: number;
  readonly #scanner: MessageScanner;
  #part = 0;
  #header: readonly (Buffer | null)[] | null = null;
  #error: string | null = null;
  #rowDescription: Buffer | null = null;
  #rows: Buffer[] = [];
  #bytes = 0;
  #finished = false;

  constructor(maxBytes: number, startedAt: number, events: ReaderEvents<Filled>) {
    this.#maxBytes = maxBytes;
    this.#startedAt = startedAt;
    this.#events = events;
    this.#scanner = new MessageScanner({
      maxLength: MAX_MESSAGE_LENGTH,
      isWhole: (_type, bytes) => bytes <= maxBytes,
      prefixBytes: HEADER_BYTES,
    });
  }

  push(chunk: Buffer): void {
    const scanner = this.#scanner;
    scanner.push(chunk);
    while (!this.#finished && scanner.advance())
      if (scanner.first) this.#message(scanner.buffer.subarray(scanner.start, scanner.end));
  }

  /** A message that is too large to be put together comes here as its beginning. */
  #message(bytes: Buffer): void {
    const { type, size } = this.#scanner;
    switch (type) {
      case BackendType.dataRow:
        if (this.#part === 0) this.#header = decodeDataRow(bytes, 0, bytes.length);
        else this.#row(bytes, size);
        return;
      case BackendType.rowDescription:
        if (this.#part === 1) this.#rowDescription = Buffer.from(bytes);
        return;
      case BackendType.errorResponse:
        this.#error ??= decodeErrorFields(bytes, 0, bytes.length).get("M") ?? "unknown error";
        return;
      case BackendType.readyForQuery:
        this.#ready();
        return;
      default:
    }
  }

  #row(bytes: Buffer, size: number): void {
    this.#bytes += size;
    if (this.#bytes > this.#maxBytes) this.#rows = [];
    else this.#rows.push(Buffer.from(bytes));
    // Reading on would only keep the upstream busy.
    if (this.#bytes > 4 * this.#maxBytes + (1 << 20)) this.#finish(true);
  }

  #ready(): void {
    this.#part++;
    if (this.#part === 1 && (this.#header === null || this.#error !== null)) {
      this.#events.failed(this.#error ?? "the upstream's position is not known");
    } else if (this.#part === 3) {
      this.#finish(false);
    }
  }

  /** `broken`: in the middle of the answer, so that the connection is of no more use. */
  #finish(broken: boolean): void {
    this.#finished = true;
    const [snapshot, lsn, seconds, holds = ""] = must(this.#header).map((value) => value?.toString("latin1") ?? "");
    const seen = UpstreamSnapshot.parse(snapshot ?? "");
    const position = parseLsn(lsn ?? "");
    if (seen === undefined || position === undefined || this.#rowDescriptionMissing()) {
      this.#events.failed("the upstream's position is not understood");
      return;
    }
    const midnight = this.#startedAt + Number(seconds) * 1000;
    // The transaction began after this was asked.
    const holdsUntil = holds === "" ? null : this.#startedAt + Number(holds) * 1000;
    this.#events.done({ snapshot: seen, lsn: position, midnight, holdsUntil, outcome: this.#outcome() });
    if (broken) this.#events.failed("the answer is too large");
  }

  #rowDescriptionMissing(): boolean {
    return this.#error === null && this.#rowDescription === null;
  }

  #outcome(): Filled["outcome"] {
    if (this.#error !== null) return { kind: "failed", message: this.#error };
    if (this.#bytes > this.#maxBytes) return { kind: "too-large" };
    const ends = new Uint32Array(this.#rows.length);
    let end = 0;
    for (const [index, row] of this.#rows.entries()) ends[index] = end += row.length;
    return { kind: "rows", rowDescription: must(this.#rowDescription), data: Buffer.concat(this.#rows, end), ends };
  }
}
