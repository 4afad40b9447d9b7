import { BackendType, type TransactionStatus, readyForQuery } from "@freshet/wire";

/** Kinds of forwarded messages that have responses of their own. */
export type ExpectationKind =
  | "parse"
  | "bind"
  | "describe-statement"
  | "describe-portal"
  | "execute"
  | "close"
  | "sync"
  | "query"
  | "function-call";

/** What a forwarded message will bring back. */
export interface UpstreamExpectation {
  readonly kind: ExpectationKind;
  /** Its responses are Freshet's own business and are kept from the client. */
  readonly swallow: boolean;
  /** So is its error. */
  readonly swallowError: boolean;
  /** The statement may write, open a transaction or change the session. */
  readonly impure: boolean;
  /** Takes back what was noted for the message, when the upstream skips it after an error. */
  readonly undo: (() => void) | null;
  /** Called when its last response has come. */
  readonly done: ((succeeded: boolean) => void) | null;
  /** Sees its responses: each row's first piece and every other message. */
  readonly observe: ((type: number, bytes: Buffer, whole: boolean) => void) | null;
  /** Sent instead of the upstream's error, which was provoked only to fail the segment. */
  readonly replacement: Buffer | null;
}

const NOTHING_SPECIAL: Partial<UpstreamExpectation> = {};

/** An expectation with what most of them have in common. */
export function expectation(
  kind: ExpectationKind,
  special: Partial<UpstreamExpectation> = NOTHING_SPECIAL,
): UpstreamExpectation {
  return {
    kind,
    swallow: special.swallow ?? false,
    swallowError: special.swallowError ?? false,
    impure: special.impure ?? false,
    undo: special.undo ?? null,
    done: special.done ?? null,
    observe: special.observe ?? null,
    replacement: special.replacement ?? null,
  };
}

/** That of a statement's run, whose responses are the client's. */
export function runExpectation(
  kind: "query" | "execute",
  impure: boolean,
  undo: UpstreamExpectation["undo"],
  done: UpstreamExpectation["done"],
  observe: UpstreamExpectation["observe"],
): UpstreamExpectation {
  return { kind, swallow: false, swallowError: false, impure, undo, done, observe, replacement: null };
}

/** Freshet's own answer, waiting for its turn. `undo` as above. */
interface LocalResponse {
  readonly kind: "local";
  readonly bytes: Buffer;
  readonly undo: (() => void) | null;
}

/** ReadyForQuery of a segment that never went upstream; its status is known when its turn comes. */
interface LocalReady {
  readonly kind: "local-ready";
}

/** CopyDone or CopyFail that was sent before the upstream had asked for data. */
interface CopyEnd {
  readonly kind: "copy-end";
}

export type Expected = UpstreamExpectation | LocalResponse | LocalReady | CopyEnd;

/** Whether the message ends the responses to its kind, as ErrorResponse does for all. */
export function endsResponse(kind: ExpectationKind, type: number): boolean {
  switch (kind) {
    case "query":
    case "sync":
    case "function-call":
      return type === BackendType.readyForQuery;
    case "parse":
      return type === BackendType.parseComplete;
    case "bind":
      return type === BackendType.bindComplete;
    case "execute":
      return (
        type === BackendType.commandComplete ||
        type === BackendType.emptyQueryResponse ||
        type === BackendType.portalSuspended
      );
    case "describe-statement":
    case "describe-portal":
      return type === BackendType.rowDescription || type === BackendType.noData;
    case "close":
      return type === BackendType.closeComplete;
  }
}

/** Whether the message ends its segment, so that an error in it needs no Sync. */
export function endsSegment(kind: ExpectationKind): boolean {
  return kind === "sync" || kind === "query" || kind === "function-call";
}

function isUpstream(item: Expected): item is UpstreamExpectation {
  return item.kind !== "local" && item.kind !== "local-ready" && item.kind !== "copy-end";
}

/**
 * The responses that a client still waits for, in order. Its head is always the upstream's: local
 * answers leave through `emit` as soon as nothing stands before them.
 */
export class ExpectedResponses {
  readonly #emit: (bytes: Buffer) => void;
  readonly #status: () => TransactionStatus;
  #items: Expected[] = [];
  #first = 0;
  #upstream = 0;
  #impureSegments = 0;
  #localBytes = 0;
  #headFailed = false;
  #onIdle: (() => void)[] = [];
  #onReached: { readonly item: UpstreamExpectation; readonly resolve: () => void } | null = null;

  constructor(emit: (bytes: Buffer) => void, status: () => TransactionStatus) {
    this.#emit = emit;
    this.#status = status;
  }

  /** Nothing is outstanding upstream. */
  get idle(): boolean {
    return this.#upstream === 0;
  }

  /** A segment that may write has no ReadyForQuery yet. */
  get awaitsImpure(): boolean {
    return this.#impureSegments > 0;
  }

  get length(): number {
    return this.#items.length - this.#first;
  }

  /** Bytes of local answers that wait. */
  get localBytes(): number {
    return this.#localBytes;
  }

  head(): UpstreamExpectation | null {
    const item = this.#items[this.#first];
    return item !== undefined && isUpstream(item) ? item : null;
  }

  forwarded(item: UpstreamExpectation): void {
    this.#upstream += 1;
    if (item.impure && endsSegment(item.kind)) this.#impureSegments += 1;
    this.#items.push(item);
  }

  local(bytes: Buffer, undo: (() => void) | null = null): void {
    if (this.length === 0) {
      this.#emit(bytes);
      return;
    }
    this.#localBytes += bytes.length;
    this.#items.push({ kind: "local", bytes, undo });
  }

  localReady(): void {
    if (this.length === 0) this.#emit(readyForQuery(this.#status()));
    else this.#items.push({ kind: "local-ready" });
  }

  /** Notes the end of the client's copy data; nothing to note when no response is awaited. */
  copyEnded(): void {
    if (this.length > 0) this.#items.push({ kind: "copy-end" });
  }

  /** The head, which ends its segment, has failed; its ReadyForQuery is still to come. */
  failHead(): void {
    this.#headFailed = true;
  }

  /** The head has got its last response. */
  complete(): void {
    const head = this.head();
    if (head === null) return;
    const succeeded = !this.#headFailed;
    this.#headFailed = false;
    this.#shift();
    this.#left(head);
    head.done?.(succeeded);
    this.#advance();
  }

  /**
   * The head failed inside a segment: drops everything up to its Sync. Returns whether that Sync is
   * among what was sent (else the segment is still open).
   */
  failSegment(): boolean {
    const dropped: Expected[] = [];
    let found = false;
    for (let item = this.#items[this.#first]; item !== undefined; item = this.#items[this.#first]) {
      if (item.kind === "sync") {
        found = true;
        break;
      }
      this.#shift();
      dropped.push(item);
    }
    dropped.reverse().forEach((item, index) => this.#drop(item, index === dropped.length - 1));
    this.#advance();
    return found;
  }

  /**
   * The upstream began to read copy data for the head. Syncs sent before the data's end are ignored
   * by it, and any other message before it is eaten with an error. Returns whether data is still to come.
   */
  copyInBegan(): boolean {
    const rest = this.#items.slice(this.#first + 1);
    const end = rest.findIndex((item) => item.kind === "copy-end");
    const before = end < 0 ? rest : rest.slice(0, end);
    const eaten = before.findIndex((item) => isUpstream(item) && item.kind !== "sync");
    const kept = before.filter((item, index) => {
      const ignored = (item.kind === "sync" || item.kind === "local-ready") && (eaten < 0 || index < eaten);
      const gone = ignored || (isUpstream(item) && index === eaten);
      if (gone && isUpstream(item)) this.#left(item);
      return !gone;
    });
    const head = this.#items.slice(this.#first, this.#first + 1);
    this.#items = [...head, ...kept, ...(end < 0 ? [] : rest.slice(end + 1))];
    this.#first = 0;
    return end < 0;
  }

  /** A Sync that the upstream has yet to answer. */
  get awaitsSync(): boolean {
    return this.#items.slice(this.#first).some(({ kind }) => kind === "sync");
  }

  /** The upstream is gone: nothing of what was sent will be answered, and what was noted for it is taken back. */
  abandon(): void {
    const items = this.#items.slice(this.#first);
    this.#items = [];
    this.#first = 0;
    this.#headFailed = false;
    for (const item of items.toReversed()) this.#drop(item, false);
    this.#advance();
  }

  /** Resolves when nothing is outstanding upstream. */
  whenIdle(): Promise<void> {
    if (this.idle) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /**
   * Null when nothing stands before the message that was forwarded last; else resolves when all of that is answered, or an error in it has
   * taken the message away. One waits at a time.
   */
  whenLastReached(): Promise<void> | null {
    const item = this.#items.at(-1);
    if (item === undefined || item === this.head() || !isUpstream(item)) return null;
    return new Promise((resolve) => {
      this.#onReached = { item, resolve };
    });
  }

  #drop(item: Expected, isFailed: boolean): void {
    if (item.kind === "local") {
      this.#localBytes -= item.bytes.length;
      item.undo?.();
      return;
    }
    if (!isUpstream(item)) return;
    this.#left(item);
    if (isFailed) item.done?.(false);
    else item.undo?.();
  }

  #left(item: UpstreamExpectation): void {
    this.#upstream -= 1;
    if (item.impure && endsSegment(item.kind)) this.#impureSegments -= 1;
  }

  #advance(): void {
    for (
      let item = this.#items[this.#first];
      item !== undefined && !isUpstream(item);
      item = this.#items[this.#first]
    ) {
      this.#shift();
      if (item.kind === "local") {
        this.#localBytes -= item.bytes.length;
        this.#emit(item.bytes);
      } else if (item.kind === "local-ready") {
        this.#emit(readyForQuery(this.#status()));
      }
    }
    if (this.#onReached !== null && (this.idle || this.head() === this.#onReached.item)) {
      const { resolve } = this.#onReached;
      this.#onReached = null;
      resolve();
    }
    if (!this.idle || this.#onIdle.length === 0) return;
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of waiting) resolve();
  }

  #shift(): void {
    this.#first += 1;
    if (this.#first === this.#items.length) {
      this.#items.length = 0;
      this.#first = 0;
    } else if (this.#first > 1024) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
  }
}
