import { FreshetError, SqlState } from "@freshet/base";
import { FrontendType, type MessageScanner, decodeQuery, encodeQuery, frontendScanner } from "@freshet/wire";
import { expectation } from "./expected-responses.ts";
import type { PooledServer, ServerCondition } from "./pool-port.ts";
import type { Pooling } from "./pooling.ts";
import { type ReplicaBlock, ReplicaRead, type ReplicableSegment } from "./replica-read.ts";
import { type Obstacle, oldestPosition, replicableSegment } from "./replicable-segment.ts";
import { inspect, probe } from "./routing.ts";
import { Segment } from "./segment.ts";
import type { SessionState } from "./session-state.ts";

/** Messages that are no beginning of anything that runs. */
const PASSING: readonly number[] = [FrontendType.sync, FrontendType.flush, FrontendType.terminate];

/**
 * Which of a session's segments go to replicas, and what becomes of those that fail there: the primary gets them.
 *
 * A read-only transaction block that a replica has begun stays there as long as its statements can be answered there. The first that cannot moves the block: it is begun
 * on the primary, and goes on. In READ COMMITTED that is what a block on the primary could have seen, since each statement sees what is committed when it begins.
 */
export class ReplicaReads {
  readonly #state: SessionState;
  readonly #frontend: MessageScanner;
  readonly #leave: (condition: ServerCondition) => void;
  /** Messages that are handled once more, before what the client has sent since. */
  #again: MessageScanner | null = null;
  #considered: ReplicableSegment | null = null;
  /** The block's connection to the replica is of no more use. */
  #mustMove = false;

  /** `leave` gives the session's server connection back. */
  constructor(state: SessionState, frontend: MessageScanner, leave: (condition: ServerCondition) => void) {
    this.#state = state;
    this.#frontend = frontend;
    this.#leave = leave;
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

  /**
   * Looks whether a replica may answer the segment that begins now; a promise: before the segment is handled, the session's facts are asked for
   * (then `begin` is to be called), or its block moves to the primary.
   */
  consider(): Promise<void> | null {
    const { facts, services, replicaRead, replicaBlock } = this.#state;
    if (replicaBlock !== null) return this.#considerBlock();
    if (this.#again !== null || replicaRead !== null || this.#state.segment.forwarded) return null;
    const found = replicableSegment(this.#state, this.#frontend);
    this.#state.replicaObstacle = "obstacle" in found ? found.obstacle : null;
    this.#considered = "obstacle" in found ? null : found;
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
    if (parts === null || pooling === null) return;
    if (pooling.server !== null) {
      this.#state.replicaObstacle = "the session keeps its connection to the primary";
      return;
    }
    const position: bigint | Obstacle =
      facts.current === null
        ? { obstacle: "the session's state is not known" }
        : oldestPosition(facts.current, facts.writeLsn);
    if (typeof position !== "bigint") {
      this.#state.replicaObstacle = position.obstacle;
      return;
    }
    const reader = pooling.seat.replica(position);
    if (reader === null) this.#state.replicaObstacle = "no replica is fit, or has what the session has written";
    else this.#state.replicaRead = new ReplicaRead(reader, parts, segment, (bytes) => client.message(bytes));
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
      this.#retry(replicaRead, "it failed there");
      return true;
    }
    this.#state.replicaRead = null;
    replicaRead.release();
    replicaRead.end(false);
    this.#followBlock(replicaRead);
    return true;
  }

  /** The replica has ended the connection before the client was shown anything. */
  lost(): void {
    const { replicaRead, replicaBlock, expected } = this.#state;
    if (replicaRead === null) {
      this.#mustMove = replicaBlock !== null;
      return;
    }
    expected.abandon();
    this.#state.segment = new Segment();
    this.#state.status = "I";
    this.#state.copying = false;
    this.#retry(replicaRead, "the replica has gone away");
  }

  #followBlock({ connected, parts, reader }: ReplicaRead): void {
    const { replicaBlock, status } = this.#state;
    if (!connected || status === "I") this.#state.replicaBlock = null;
    else if (replicaBlock !== null) replicaBlock.hasSnapshot ||= parts.takesSnapshot;
    else if (parts.begin !== null)
      this.#state.replicaBlock = { reader, begin: parts.begin, hasSnapshot: parts.takesSnapshot };
  }

  #retry(read: ReplicaRead, obstacle: string): void {
    this.#state.replicaRead = null;
    this.#state.replicaObstacle = obstacle;
    read.end(true);
    for (const name of read.parts.names) this.#state.statements.delete(name);
    this.#state.portals.clear();
    this.#again = frontendScanner();
    this.#again.push(read.parts.bytes);
    this.#mustMove = this.#state.replicaBlock !== null;
    // A block that was begun with this very segment begins with it again.
    if (!this.#mustMove && this.#state.status !== "I") {
      this.#leave("in-transaction");
      this.#state.status = "I";
    }
  }

  #considerBlock(): Promise<void> | null {
    const { replicaBlock, replicaRead, status, segment, client } = this.#state;
    if (replicaBlock === null || replicaRead !== null) return null;
    if (this.#mustMove) return this.#move(replicaBlock);
    if (status === "I") {
      this.#state.replicaBlock = null;
      return this.consider();
    }
    // After an error nothing but the block's end is left, and it is the same everywhere.
    if (status === "E" || PASSING.includes(this.source.type) || this.#isCommand()) return null;
    const found = replicableSegment(this.#state, this.#frontend);
    if ("obstacle" in found) {
      this.#state.replicaObstacle = found.obstacle;
      return this.#move(replicaBlock);
    }
    const emit = (bytes: Buffer): void => client.message(bytes);
    this.#state.replicaRead = new ReplicaRead(replicaBlock.reader, found, segment, emit, true);
    return null;
  }

  /** Freshet's own statements are no server's. */
  #isCommand(): boolean {
    const { type, buffer, start, end, last } = this.source;
    return (
      last && type === FrontendType.query && inspect(this.#state, decodeQuery(buffer, start, end))?.command != null
    );
  }

  /** Begins the block anew on the primary, unseen by the client. */
  async #move({ begin, hasSnapshot }: ReplicaBlock): Promise<void> {
    const { pooling, facts } = this.#state;
    this.#mustMove = false;
    this.#state.replicaBlock = null;
    this.#state.status = "T";
    this.#leave("in-transaction");
    await this.#state.attach();
    if (this.#state.closed || pooling === null) return;
    // What follows may be anything.
    facts.invalidate();
    await new Promise<void>((resolve, reject) => {
      this.#state.upstream.message(encodeQuery(hasSnapshot ? `${begin}; SELECT` : begin));
      this.#state.expected.forwarded(
        expectation("query", {
          swallow: true,
          swallowError: true,
          done: (succeeded) => {
            if (succeeded) resolve();
            else reject(new FreshetError(SqlState.connectionFailure, "the transaction could not go on at the primary"));
          },
        }),
      );
      this.#state.upstream.flush();
    });
  }
}
