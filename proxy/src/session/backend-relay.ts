import { FreshetError, SqlState } from "@freshet/base";
import {
  BackendType,
  type MessageScanner,
  backendScanner,
  decodeErrorFields,
  decodeParameterStatus,
  decodeReadyForQuery,
} from "@freshet/wire";
import { endsResponse, endsSegment } from "./expected-responses.ts";
import { OWN_SETTINGS } from "./replica-read.ts";
import type { ReportedSettings } from "./reported-settings.ts";
import { Segment } from "./segment.ts";
import type { SessionState } from "./session-state.ts";

/** Between two connections: nothing comes. */
const NOWHERE = backendScanner();

/** Takes the upstream's stream apart at its message headers: what is the client's goes on, what is Freshet's own stays. */
export class BackendRelay {
  readonly #state: SessionState;
  #scanner: MessageScanner = NOWHERE;
  #reported: ReportedSettings | null = null;
  /** The upstream has said that it ends the session. */
  sawFatal = false;

  constructor(state: SessionState) {
    this.#state = state;
  }

  /** From now on the connection with that scanner is taken apart. `reported`: what a pool's connection has reported. */
  attach(scanner: MessageScanner, reported: ReportedSettings | null): void {
    this.#scanner = scanner;
    this.#reported = reported;
    this.sawFatal = false;
  }

  detach(): void {
    this.#scanner = NOWHERE;
    this.#reported = null;
  }

  /** Whether the client has got a part of a message whose rest is still to come. */
  get inMessage(): boolean {
    return this.#scanner.streaming;
  }

  /** Bytes of a message that is yet to be put together. */
  get buffered(): number {
    return this.#scanner.buffered;
  }

  /** Throws a FreshetError when the upstream does not speak the protocol. */
  process(chunk: Buffer): void {
    const scanner = this.#scanner;
    scanner.push(chunk);
    try {
      this.drain();
    } finally {
      scanner.detach();
    }
  }

  drain(): void {
    while (this.#scanner.advance()) this.#message();
  }

  #message(): void {
    const { type } = this.#scanner;
    switch (type) {
      case BackendType.noticeResponse:
      case BackendType.notificationResponse:
        this.#relay();
        break;
      case BackendType.parameterStatus:
        this.#parameterStatus();
        break;
      case BackendType.errorResponse:
        this.#error();
        break;
      case BackendType.readyForQuery:
        this.#ready();
        break;
      default:
        this.#response(type);
    }
  }

  #relay(): void {
    const { replicaRead } = this.#state;
    if (replicaRead?.holds(this.#scanner.type) === true) replicaRead.hold(Buffer.from(this.#whole()));
    else this.#state.client.range(this.#scanner.buffer, this.#scanner.start, this.#scanner.end);
  }

  #whole(): Buffer {
    return this.#scanner.buffer.subarray(this.#scanner.start, this.#scanner.end);
  }

  #response(type: number): void {
    const head = this.#state.expected.head();
    if (head === null || !head.swallow) this.#relay();
    if (head === null) return;
    if (this.#scanner.first) head.observe?.(type, this.#whole(), this.#scanner.last);
    if (type === BackendType.copyInResponse || type === BackendType.copyBothResponse) {
      this.#state.copying = this.#state.expected.copyInBegan();
      if (head.kind === "execute" && !this.#state.expected.awaitsSync) this.#reopenSegment();
    } else if (this.#scanner.last && endsResponse(head.kind, type)) {
      this.#state.expected.complete();
    }
  }

  /** A Sync that the client sent before it knew of the copy is ignored upstream: the segment goes on. */
  #reopenSegment(): void {
    this.#state.segment.forwarded = true;
    this.#state.segment.impure = true;
  }

  #parameterStatus(): void {
    const { buffer, start, end } = this.#scanner;
    const { name, value } = decodeParameterStatus(buffer, start, end);
    if (this.#state.replica !== null && OWN_SETTINGS.has(name)) {
      this.#reported?.set(name, value);
      return;
    }
    this.#state.parameters.set(name, value);
    if (this.#reported !== null) {
      this.#reported.set(name, value);
      this.#state.pooling?.reported(name);
    }
    this.#state.facts.invalidate();
    this.#relay();
  }

  #error(): void {
    const { expected } = this.#state;
    const { buffer, start, end } = this.#scanner;
    const fields = this.#scanner.first && this.#scanner.last ? decodeErrorFields(buffer, start, end) : null;
    const severity = fields?.get("V");
    // The plan does not fit the schema any more, or somebody's DEALLOCATE was not seen: statements are prepared anew.
    if (fields?.get("R") === "RevalidateCachedQuery" || fields?.get("C") === SqlState.invalidSqlStatementName)
      this.#state.pooling?.server?.statements.retire();
    if (severity === "FATAL" || severity === "PANIC") this.sawFatal = true;
    this.#state.replicaRead?.erred(fields?.get("C"));
    const head = expected.head();
    // Between a block's statements: it goes on elsewhere.
    if (head === null && this.sawFatal && this.#state.mayLoseReplica) return;
    const isAborted = fields?.get("C") === "25P02";
    if (head?.replacement != null && !this.sawFatal && !isAborted) {
      if (this.#scanner.last) this.#state.toClient(head.replacement);
    } else if (this.sawFatal || head?.swallowError !== true) {
      this.#relay();
    }
    if (head === null || !this.#scanner.last) return;
    this.#state.copying = false;
    if (endsSegment(head.kind)) expected.failHead();
    else if (!expected.failSegment()) this.#skipToSync();
  }

  /** The upstream skips all that follows, a simple Query among it, until it gets a Sync. */
  #skipToSync(): void {
    this.#state.segment.failed = true;
    this.#state.segment.forwarded = true;
  }

  #ready(): void {
    const { buffer, start, end } = this.#scanner;
    this.#state.status = decodeReadyForQuery(buffer, start, end);
    this.#state.copying = false;
    const head = this.#state.expected.head();
    if (head === null) {
      // Answers a Sync that was sent while copy data failed: the upstream begins anew.
      this.#relay();
      this.#state.segment = new Segment();
      return;
    }
    if (!endsSegment(head.kind)) {
      throw new FreshetError(SqlState.connectionFailure, "the upstream server answered out of order", {
        detail: `ReadyForQuery came where the response to ${head.kind} was awaited.`,
      });
    }
    if (!head.swallow) this.#relay();
    this.#state.expected.complete();
  }
}
