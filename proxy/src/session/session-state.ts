import { type Logger, now } from "@freshet/base";
import { UNKNOWN_EFFECTS } from "@freshet/sql";
import type { TransactionStatus } from "@freshet/wire";
import { ExpectedResponses } from "./expected-responses.ts";
import type { CacheFront, CommandRunner, LastStatement, Miss, MissReason, PreparedRoute } from "./front-ports.ts";
import type { FrontendState } from "./frontend-states.ts";
import type { ProxyMetrics } from "./metrics.ts";
import { NamedEntries } from "./named-entries.ts";
import type { OutputBatch } from "./output-batch.ts";
import type { Pooling } from "./pooling.ts";
import type { Portal } from "./portal.ts";
import type { KeptWay, PreparedStatement } from "./prepared-statement.ts";
import type { ReplicaBlock, ReplicaRead } from "./replica-read.ts";
import { Segment } from "./segment.ts";
import { FactsTracker } from "./session-facts.ts";

/** What one session shares with everything else. */
export interface SessionServices {
  readonly front: CacheFront;
  readonly commands: CommandRunner;
  readonly logger: Logger;
  readonly metrics: ProxyMetrics;
}

/** Everything a session knows about its client and its upstream connection, apart from the sockets. */
export class SessionState {
  readonly services: SessionServices;
  readonly client: OutputBatch;
  readonly upstream: OutputBatch;
  readonly expected: ExpectedResponses;
  readonly facts: FactsTracker = new FactsTracker();
  readonly statements: NamedEntries<PreparedStatement> = new NamedEntries();
  /** Names of statements that were closed in a segment whose outcome is yet to come: should it fail, they are there again. */
  readonly closedIn: Map<string, Segment> = new Map();
  readonly portals: NamedEntries<Portal> = new NamedEntries();
  /** Of the last ReadyForQuery from upstream. */
  status: TransactionStatus;
  segment: Segment = new Segment();
  /** The upstream reads copy data. */
  copying = false;
  /** ParameterStatus values by name. */
  readonly parameters: Map<string, string>;
  last: LastStatement | null = null;
  /** To the answers to simple queries. */
  keptTexts: KeptWay | null = null;
  /** Interrupts the command that runs here; null while none does. */
  interruption: AbortController | null = null;
  /** Of a session that gives its server connection back after each transaction; null: it keeps it. */
  pooling: Pooling | null = null;
  /** The server connection is another session's next: it must not be ended by this one. */
  borrowsServer = false;
  /** Sees to it that messages may go upstream: null when they may, else resolves when they do. */
  attach: () => Promise<void> | null = () => null;
  /** The present segment may be answered by a replica. */
  replicaRead: ReplicaRead | null = null;
  /** The present transaction block is a replica's. */
  replicaBlock: ReplicaBlock | null = null;
  /** Why the last segment that was looked at is not a replica's; null where there are none, or it is. */
  replicaObstacle: string | null = null;
  /** The session has ended: late results of what it waited for are dropped. */
  closed = false;

  constructor(
    services: SessionServices,
    client: OutputBatch,
    upstream: OutputBatch,
    login: { readonly status: TransactionStatus; readonly parameters: ReadonlyMap<string, string> },
  ) {
    this.services = services;
    this.client = client;
    this.upstream = upstream;
    this.status = login.status;
    this.parameters = new Map(login.parameters);
    this.expected = new ExpectedResponses(
      (bytes) => this.toClient(bytes),
      () => this.status,
    );
  }

  /** Sends what has its turn, or holds it back with the rest of a replica's answer. */
  toClient(bytes: Buffer): void {
    if (this.replicaRead?.isHolding === true) this.replicaRead.hold(bytes);
    else this.client.message(bytes);
  }

  /** The replica that the server connection, if there is one, leads to; null: to the primary. */
  get replica(): string | null {
    return this.replicaRead?.replica ?? this.replicaBlock?.reader.name ?? null;
  }

  /** A block on a replica waits for its client: without its connection it can go on elsewhere. */
  get mayLoseReplica(): boolean {
    if (this.replicaBlock === null || this.replicaRead !== null || this.status !== "T") return false;
    return this.expected.idle && !this.segment.forwarded;
  }

  get frontendState(): FrontendState {
    if (this.segment.failed) return "skipping";
    return this.copying ? "copying" : "open";
  }

  /** A simple Query or Sync ends the segment; outside a transaction block its portals end with it. */
  endSegment(): void {
    if (this.status === "I" && !this.segment.impure) this.portals.clear();
    this.segment = new Segment();
  }

  /** Notes that a statement goes upstream; the result is called when it has come back. */
  noteForwarded(route: PreparedRoute | null, miss: Miss): (succeeded: boolean) => void {
    const started = now();
    const { replica } = this;
    // What a replica answers, and what ends a block there, changes nothing.
    if (replica === null) this.facts.forwarded(route);
    this.pooling?.forwarded(route?.info.effects ?? UNKNOWN_EFFECTS);
    this.services.metrics.miss(miss.reason);
    this.last = {
      destination: replica === null ? "upstream" : "replica",
      reason: miss.detail === null ? miss.reason : `${miss.reason}: ${miss.detail}`,
      cache: miss.cache,
      lsn: null,
      replica: replica ?? (this.replicaObstacle === null ? null : `none: ${this.replicaObstacle}`),
    };
    return (succeeded) => {
      if (route !== null) this.services.front.forwarded(route, miss, now() - started, succeeded);
    };
  }
}

export function missed(reason: MissReason, detail: string | null = null): Miss {
  return { kind: "miss", reason, detail, cache: null };
}
