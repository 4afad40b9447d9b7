import { assert, errorMessage } from "@freshet/base";
import type {
  ApplyResult,
  ChangeSource,
  Commit,
  Engine,
  ReplicationOrigin,
  StreamEvent,
  StreamSink,
} from "@freshet/contract";
import { LSN_ZERO, type Lsn } from "@freshet/values";

export interface PumpLimits {
  /** Bytes of commits that may wait for the engine before the stream is held. */
  readonly queueBytes: number;
  /** Bytes of commits that go to the engine in one store transaction. */
  readonly batchBytes: number;
}

export interface PumpEvents {
  /** After each batch is visible to readers. */
  onApplied(result: ApplyResult, commits: readonly Commit[]): void;
  /** The stream goes on at another server. */
  onMoved(): void;
  /** The engine refused a batch: nothing later can be applied. */
  onFailed(message: string): void;
}

type PumpEngine = Pick<Engine, "relocate" | "apply" | "advance" | "flush" | "stage" | "discardStaged">;

type Item = Exclude<StreamEvent, { readonly kind: "progress" }>;

/**
 * Carries the stream to the engine: whole commits, as many per batch as have come while the engine
 * was busy; holds the stream while too much waits; acknowledges what is durable (law 5).
 */
export class Pump implements StreamSink {
  readonly #engine: PumpEngine;
  readonly #source: Pick<ChangeSource, "acknowledge">;
  readonly #limits: PumpLimits;
  readonly #events: PumpEvents;
  #items: Item[] = [];
  #bytes = 0;
  #progress: Lsn = LSN_ZERO;
  #acknowledged: Lsn = LSN_ZERO;
  #applied: Lsn = LSN_ZERO;
  #open = false;
  #closed = false;
  #running = false;
  #failed = false;
  #drained: (() => void)[] = [];
  #idle: (() => void)[] = [];

  constructor(engine: PumpEngine, source: Pick<ChangeSource, "acknowledge">, limits: PumpLimits, events: PumpEvents) {
    this.#engine = engine;
    this.#source = source;
    this.#limits = limits;
    this.#events = events;
  }

  /** Bytes waiting for the engine. */
  get queuedBytes(): number {
    return this.#bytes;
  }

  /** Lets the queue flow; before, events only wait (the engine may have to be reset first). */
  open(from: Lsn): void {
    this.#open = true;
    this.#applied = from;
    this.#start();
  }

  /** Drops what waits and what still comes: the stream ends, and does not wait for room. */
  async close(): Promise<void> {
    this.#open = false;
    this.#closed = true;
    await this.settle();
    this.#clear();
  }

  /** Takes events again, which wait until `open`: the stream begins anew elsewhere. */
  restart(): void {
    this.#closed = false;
    this.#acknowledged = LSN_ZERO;
  }

  async accept(event: StreamEvent): Promise<void> {
    // Nothing of it is acknowledged, so the upstream keeps it for the next start.
    if (this.#closed || this.#failed) return;
    if (event.kind === "progress") {
      if (event.lsn > this.#progress) this.#progress = event.lsn;
    } else {
      this.#items.push(event);
      this.#bytes += itemBytes(event);
    }
    this.#start();
    while (this.#bytes > this.#limits.queueBytes) {
      await new Promise<void>((resolve) => this.#drained.push(resolve));
    }
  }

  /** What waits is part of the new timeline, too: the engine may know of it at once. */
  async moved({ timeline }: ReplicationOrigin): Promise<void> {
    await this.#engine.relocate(timeline);
    this.#events.onMoved();
  }

  /** Resolves when nothing waits and everything applied is acknowledged. */
  async settle(): Promise<void> {
    while (this.#running) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #start(): void {
    if (this.#running || this.#failed || !this.#open) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      while (this.#open && (this.#items.length > 0 || this.#progress > LSN_ZERO)) await this.#step();
    } catch (thrown) {
      this.#failed = true;
      this.#clear();
      this.#events.onFailed(errorMessage(thrown));
    } finally {
      this.#running = false;
      this.#wake(this.#drained);
      this.#wake(this.#idle);
    }
  }

  async #step(): Promise<void> {
    const first = this.#items[0];
    if (first === undefined) {
      await this.#advance();
      return;
    }
    if (first.kind === "commit") {
      await this.#apply(this.#takeCommits());
    } else {
      this.#take(1);
      if (first.kind === "part") await this.#engine.stage(first.changes);
      else await this.#engine.discardStaged();
    }
    this.#wake(this.#drained);
  }

  async #apply(commits: readonly Commit[]): Promise<void> {
    const result = await this.#engine.apply(commits);
    this.#applied = result.appliedLsn;
    this.#events.onApplied(result, commits);
    this.#acknowledge(result.durableLsn);
    if (this.#items.length === 0) this.#acknowledge(await this.#engine.flush());
  }

  /** Nothing but progress: the applied LSN follows the upstream's on an idle database. */
  async #advance(): Promise<void> {
    const lsn = this.#progress;
    this.#progress = LSN_ZERO;
    if (lsn <= this.#applied) return;
    const result = await this.#engine.advance(lsn);
    this.#applied = result.appliedLsn;
    this.#events.onApplied(result, []);
    if (this.#items.length === 0) this.#acknowledge(await this.#engine.flush());
  }

  /** Commits at the head of the queue up to the batch size; at least one. */
  #takeCommits(): Commit[] {
    const commits: Commit[] = [];
    let bytes = 0;
    for (const item of this.#items) {
      if (item.kind !== "commit" || (commits.length > 0 && bytes + itemBytes(item) > this.#limits.batchBytes)) break;
      commits.push(item.commit);
      bytes += itemBytes(item);
    }
    this.#take(commits.length);
    return commits;
  }

  #take(count: number): void {
    for (const item of this.#items.slice(0, count)) this.#bytes -= itemBytes(item);
    this.#items = this.#items.slice(count);
    assert(this.#bytes >= 0, "the pump's byte count is not negative");
  }

  #acknowledge(lsn: Lsn): void {
    if (lsn <= this.#acknowledged) return;
    this.#acknowledged = lsn;
    this.#source.acknowledge(lsn);
  }

  #clear(): void {
    this.#items = [];
    this.#bytes = 0;
    this.#progress = LSN_ZERO;
    this.#wake(this.#drained);
  }

  #wake(waiting: (() => void)[]): void {
    for (const resolve of waiting.splice(0)) resolve();
  }
}

/** Queue cost of an item: its changes and something for the object itself. */
function itemBytes(item: Item): number {
  if (item.kind === "abort") return 64;
  const changes = item.kind === "commit" ? item.commit.changes : item.changes;
  let bytes = 64;
  for (const chunk of changes) bytes += chunk.length;
  return bytes;
}
