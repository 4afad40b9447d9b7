import { assert, Backoff, errorMessage, FreshetError, must, now, sleep, SqlState } from "@freshet/base";
import type {
  ChangeSource,
  ReplicationOrigin,
  ReplicationStatus,
  SnapshotProgress,
  SnapshotSink,
  StreamSink,
  TableSchema,
  WatchedTable,
} from "@freshet/contract";
import type { Lsn } from "@freshet/values";
import { LSN_ZERO, maxLsn } from "@freshet/values";
import { decodePgoutput } from "@freshet/wire";
import { readCatalog, typesWithoutSend } from "./catalog.ts";
import { Delivery } from "./delivery.ts";
import type { InstanceNames } from "./names.ts";
import { instanceNames } from "./names.ts";
import type { ReplicatorOptions, ResolvedOptions } from "./options.ts";
import { resolveOptions } from "./options.ts";
import type { ResumePoint } from "./origin-check.ts";
import { type PreparedResume, prepareResume, prepareStart, SlotLostError } from "./prepare.ts";
import { unpublishTables } from "./publication.ts";
import { StreamQueue } from "./stream-queue.ts";
import { StreamSession } from "./stream-session.ts";
import { loadTables } from "./table-loader.ts";
import { TrackedTables } from "./tracked-tables.ts";
import { TransactionAssembler } from "./transaction-assembler.ts";
import { asFreshetError, isTransient, withSession } from "./upstream.ts";
import { publishWatched } from "./watch-tables.ts";
import { WatchedTables } from "./watched-tables.ts";

/** Acknowledgements within this time are reported at once. */
const ACKNOWLEDGE_DELAY_MS = 50;

/** From start to stop. */
interface Run {
  readonly abort: AbortController;
  delivery: Delivery | null;
  session: StreamSession | null;
  following: Promise<void>;
}

/** The upstream's changes through a logical replication slot. */
export function createReplicator(options: ReplicatorOptions): ChangeSource {
  return new Replicator(resolveOptions(options));
}

class Replicator implements ChangeSource {
  readonly #options: ResolvedOptions;
  readonly #names: InstanceNames;
  readonly #tables = new TrackedTables();
  readonly #watched = new WatchedTables();
  readonly #listeners: ((status: ReplicationStatus) => void)[] = [];
  #unsendable: ReadonlySet<number> = new Set();
  #run: Run | null = null;
  #state: ReplicationStatus["state"] = "stopped";
  #lastError: string | null = null;
  #lastMessageAt = 0;
  #receivedLsn: Lsn = LSN_ZERO;
  #acknowledgedLsn: Lsn = LSN_ZERO;
  #acknowledgeTimer: NodeJS.Timeout | null = null;
  /** Tables are added, watched and removed one call after the other. */
  #adding: Promise<void> = Promise.resolve();

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.#names = instanceNames(options.instance);
  }

  async start(
    from: ReplicationOrigin | null,
    tables: readonly TableSchema[],
    sink: StreamSink,
  ): Promise<{ readonly origin: ReplicationOrigin; readonly reset: boolean }> {
    assert(this.#run === null, "a replicator is stopped before it is started again");
    const run: Run = { abort: new AbortController(), delivery: null, session: null, following: Promise.resolve() };
    this.#run = run;
    this.#setState("starting", null);
    try {
      const oids = tables.map((table) => table.oid);
      const prepared = await this.#retry(run, () => prepareStart(this.#options, this.#names, from, oids));
      run.abort.signal.throwIfAborted();
      this.#tables.clear();
      this.#watched.clear();
      if (from !== null && !prepared.reset) for (const table of tables) this.#tables.addLive(table);
      this.#unsendable = prepared.unsendable;
      this.#receivedLsn = prepared.origin.lsn;
      this.#acknowledgedLsn = prepared.confirmedLsn;
      run.delivery = new Delivery(sink, this.#tables, prepared.origin.lsn);
      run.following = this.#follow(run, sink, run.delivery, prepared);
      return { origin: prepared.origin, reset: prepared.reset };
    } catch (error) {
      this.#run = null;
      this.#setState("stopped", errorMessage(error));
      throw asFreshetError(error);
    }
  }

  async addTables(
    oids: readonly number[],
    sink: SnapshotSink,
    progress: (progress: SnapshotProgress) => void,
  ): Promise<void> {
    const run = this.#running();
    const delivery = must(run.delivery);
    await this.#serially(async () => {
      run.abort.signal.throwIfAborted();
      // A type made since then may be among the tables' columns.
      this.#unsendable = await withSession(this.#options.url, typesWithoutSend);
      await loadTables(
        {
          options: this.#options,
          publication: this.#names.publication,
          tables: this.#tables,
          heldSince: () => delivery.heldSince,
          signal: run.abort.signal,
        },
        oids,
        sink,
        progress,
      );
    });
  }

  async removeTables(oids: readonly number[]): Promise<void> {
    for (const oid of oids) this.#tables.remove(oid);
    await this.#serially(() => this.#unpublishUnused(oids));
  }

  async watchTables(tables: readonly WatchedTable[]): Promise<bigint> {
    const run = this.#running();
    return this.#serially(async () => {
      run.abort.signal.throwIfAborted();
      return publishWatched(this.#options, this.#names.publication, this.#watched, tables);
    });
  }

  async unwatchTables(oids: readonly number[]): Promise<void> {
    this.#watched.unwatch(oids);
    await this.#serially(() => this.#unpublishUnused(oids));
  }

  /** Takes those tables out of the publication that are neither added nor watched. */
  async #unpublishUnused(oids: readonly number[]): Promise<void> {
    const unused = oids.filter(
      (oid) => this.#tables.get(oid) === undefined && this.#watched.columns(oid) === undefined,
    );
    if (unused.length === 0) return;
    await withSession(this.#options.url, (session) => unpublishTables(session, this.#names.publication, unused));
  }

  /** One such task after the other; a failure is its caller's alone. */
  async #serially<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#adding.then(task);
    this.#adding = done.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await done;
    } catch (error) {
      throw asFreshetError(error);
    }
  }

  acknowledge(lsn: Lsn): void {
    const delivery = this.#run?.delivery ?? null;
    // Stopped: the next start reports what is stored then.
    if (delivery === null || lsn <= this.#acknowledgedLsn) return;
    assert(lsn <= delivery.offeredLsn, "only what was handed over can be durable");
    this.#acknowledgedLsn = lsn;
    this.#acknowledgeTimer ??= setTimeout(() => {
      this.#acknowledgeTimer = null;
      this.#run?.session?.sendStatus();
    }, ACKNOWLEDGE_DELAY_MS);
  }

  async describeTables(oids: readonly number[]): Promise<Map<number, TableSchema>> {
    try {
      const found = await withSession(this.#options.url, (session) => readCatalog(session, oids));
      return new Map([...found].map(([oid, table]) => [oid, table.schema]));
    } catch (error) {
      throw asFreshetError(error);
    }
  }

  status(): ReplicationStatus {
    return {
      state: this.#state,
      lastError: this.#lastError,
      lastMessageAt: this.#lastMessageAt,
      receivedLsn: this.#receivedLsn,
      acknowledgedLsn: this.#acknowledgedLsn,
    };
  }

  onStatus(listener: (status: ReplicationStatus) => void): void {
    this.#listeners.push(listener);
  }

  async stop(): Promise<void> {
    const run = this.#run;
    if (run === null) return;
    run.abort.abort(new FreshetError(SqlState.adminShutdown, "replication was stopped"));
    run.session?.stop();
    if (this.#acknowledgeTimer !== null) clearTimeout(this.#acknowledgeTimer);
    this.#acknowledgeTimer = null;
    await run.following;
    this.#tables.clear();
    this.#watched.clear();
    if (this.#run === run) this.#run = null;
    this.#setState("stopped", this.#lastError);
  }

  #running(): Run {
    const run = this.#run;
    if (run === null || run.delivery === null || this.#state === "slot-lost") {
      throw new FreshetError(SqlState.cannotConnectNow, "replication is not running");
    }
    return run;
  }

  #setState(state: ReplicationStatus["state"], error: string | null): void {
    this.#state = state;
    this.#lastError = error;
    const status = this.status();
    for (const listener of this.#listeners) listener(status);
  }

  /** Repeats what failed for want of a connection; other failures are the caller's. */
  async #retry<T>(run: Run, attempt: () => Promise<T>): Promise<T> {
    const backoff = new Backoff(this.#options.reconnect);
    for (;;) {
      try {
        run.abort.signal.throwIfAborted();
        return await attempt();
      } catch (error) {
        if (run.abort.signal.aborted || !isTransient(error)) throw error;
        await this.#pause(run, backoff, error);
      }
    }
  }

  async #pause(run: Run, backoff: Backoff, error: unknown): Promise<void> {
    const delay = backoff.nextDelay();
    this.#options.logger.warn({ error, retryInMs: Math.round(delay) }, "replication connection failed");
    this.#setState("reconnecting", errorMessage(error));
    await sleep(delay, run.abort.signal);
  }

  /** Streams, connection after connection, until stopped or until the slot is lost. Never rejects. */
  async #follow(run: Run, sink: StreamSink, delivery: Delivery, prepared: PreparedResume): Promise<void> {
    const backoff = new Backoff(this.#options.reconnect);
    let { origin } = prepared;
    let timeoutMs: number | null = prepared.walSenderTimeoutMs;
    while (!run.abort.signal.aborted) {
      try {
        if (timeoutMs === null) {
          const resumed = await prepareResume(this.#options, this.#names, this.#point(origin, delivery));
          if (resumed.origin.timeline !== origin.timeline) await sink.moved(resumed.origin);
          ({ origin, walSenderTimeoutMs: timeoutMs } = resumed);
        }
        await this.#streamOnce(run, delivery, timeoutMs, backoff);
      } catch (error) {
        timeoutMs = null;
        if (run.abort.signal.aborted) return;
        if (error instanceof SlotLostError) {
          this.#options.logger.error(
            { reason: error.message },
            "the stream cannot be resumed: a new snapshot is needed",
          );
          this.#setState("slot-lost", error.message);
          return;
        }
        // Rejects only when stopped, which the loop's condition sees.
        await this.#pause(run, backoff, error).catch(() => undefined);
      }
    }
  }

  #point(origin: ReplicationOrigin, delivery: Delivery): ResumePoint {
    const tables = [...this.#tables.oids, ...this.#watched.oids];
    return { origin, lsn: delivery.resumeLsn, seen: this.#tables.latestSnapshot, tables };
  }

  async #streamOnce(run: Run, delivery: Delivery, walSenderTimeoutMs: number, backoff: Backoff): Promise<void> {
    const queue = new StreamQueue(
      this.#options.queueBytes,
      () => session.setFull(true),
      () => session.setFull(false),
    );
    const assembler = new TransactionAssembler({
      tables: this.#tables,
      watched: this.#watched,
      unsendable: () => this.#unsendable,
      partBytes: this.#options.partBytes,
      emit: (item) => {
        if (item.resumeLsn !== null) this.#receivedLsn = maxLsn(this.#receivedLsn, item.resumeLsn);
        queue.push(item);
      },
    });
    const session = new StreamSession({
      url: this.#options.url,
      slot: this.#names.slot,
      publication: this.#names.publication,
      from: delivery.resumeLsn,
      walSenderTimeoutMs,
      acknowledged: () => this.#acknowledgedLsn,
      onMessage: (bytes) => assembler.handle(decodePgoutput(bytes)),
      onStart: () => {
        backoff.reset();
        this.#lastMessageAt = now();
        this.#setState("streaming", null);
      },
      onKeepAlive: (lsn) => {
        this.#receivedLsn = maxLsn(this.#receivedLsn, lsn);
        // Within a transaction the walsender's position says nothing about what we have of it.
        if (!assembler.inTransaction) queue.pushProgress(lsn);
      },
      onAlive: () => {
        this.#lastMessageAt = now();
      },
    });
    // Only when the sink failed at the abort, too.
    await delivery.disconnected();
    run.session = session;
    if (run.abort.signal.aborted) return;
    const reading = session.run().then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    const delivering = delivery.drain(queue).catch((error: unknown) => session.abandon(error));
    const outcome = await reading;
    queue.close();
    await delivering;
    run.session = null;
    await delivery.disconnected();
    if (outcome !== undefined) throw outcome.error;
  }
}
