import { type MessageScanner, frontendScanner } from "@freshet/wire";
import type { PooledServer } from "./pool-port.ts";
import type { Pooling } from "./pooling.ts";
import { ReplicaRead, type ReplicableSegment } from "./replica-read.ts";
import { oldestPosition, replicableSegment } from "./replicable-segment.ts";
import { probe } from "./routing.ts";
import { Segment } from "./segment.ts";
import type { SessionState } from "./session-state.ts";

/** Which of a session's segments go to replicas, and what becomes of those that fail there: the primary gets them. */
export class ReplicaReads {
  readonly #state: SessionState;
  readonly #frontend: MessageScanner;
  /** Messages that are handled once more, before what the client has sent since. */
  #again: MessageScanner | null = null;
  #considered: ReplicableSegment | null = null;

  constructor(state: SessionState, frontend: MessageScanner) {
    this.#state = state;
    this.#frontend = frontend;
  }

  /** Where the next message comes from. */
  get source(): MessageScanner {
    return this.#again ?? this.#frontend;
  }

  /** A segment has been sent whole and its end must be seen before the next one begins. */
  get isOutstanding(): boolean {
    const { replicaRead, segment } = this.#state;
    return replicaRead !== null && replicaRead.segment !== segment;
  }

  /** Looks whether a replica may answer the segment that begins now; a promise: the session's facts are asked for first, then `begin` is to be called. */
  consider(): Promise<void> | null {
    const { facts, services, replicaRead } = this.#state;
    if (this.#again !== null || replicaRead !== null) return null;
    this.#considered = replicableSegment(this.#state, this.#frontend);
    if (this.#considered === null) return null;
    facts.expire(services.front.epoch);
    if (facts.current === null && !facts.unavailable) return probe(this.#state);
    this.begin();
    return null;
  }

  begin(): void {
    const { facts, segment, client, pooling } = this.#state;
    const parts = this.#considered;
    this.#considered = null;
    if (parts === null || pooling === null || pooling.server !== null || facts.current === null) return;
    const position = oldestPosition(facts.current, facts.writeLsn);
    const reader = position === null ? null : pooling.seat.replica(position);
    if (reader === null) return;
    this.#state.replicaRead = new ReplicaRead(reader, parts, segment, (bytes) => client.message(bytes));
  }

  /** A server connection for what goes upstream now. */
  acquire({ seat, settings }: Pooling): PooledServer | Promise<PooledServer> {
    const { replicaRead, parameters } = this.#state;
    return replicaRead?.isHolding === true ? replicaRead.acquire(seat, settings, parameters) : seat.acquire(settings);
  }

  /** Ends what has been answered; true: there may be something to go on with. */
  settle(): boolean {
    const { replicaRead, expected } = this.#state;
    if (this.#again?.buffered === 0 && !this.#again.streaming) {
      this.#again = null;
      return true;
    }
    if (replicaRead === null || !this.isOutstanding || expected.length > 0) return false;
    if (replicaRead.failed && replicaRead.isHolding) {
      this.#retry(replicaRead);
      return true;
    }
    this.#state.replicaRead = null;
    replicaRead.release();
    replicaRead.end(false);
    return true;
  }

  /** The replica has ended the connection before the client was shown anything. */
  lost(): void {
    const { replicaRead, expected } = this.#state;
    if (replicaRead === null) return;
    expected.abandon();
    this.#state.segment = new Segment();
    this.#state.status = "I";
    this.#state.copying = false;
    this.#retry(replicaRead);
  }

  #retry(read: ReplicaRead): void {
    this.#state.replicaRead = null;
    read.end(true);
    for (const name of read.parts.names) this.#state.statements.delete(name);
    this.#state.portals.clear();
    this.#again = frontendScanner();
    this.#again.push(read.parts.bytes);
  }
}
