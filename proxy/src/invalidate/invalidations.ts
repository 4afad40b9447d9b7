import { FreshetError, type Logger, SqlState, errorMessage } from "@freshet/base";
import type { ChangeSource, Commit, StreamEvent, StreamSink, WatchedTable } from "@freshet/contract";
import type { InvalidationPlan } from "@freshet/sql";
import type { AnswerStore, NoAnswer, StoredAnswer } from "./answer-store.ts";
import { CommitLog } from "./commit-log.ts";
import type { FillRequest, Filled } from "./fill-connection.ts";
import type { FillPool } from "./fill-pool.ts";
import type { StreamNudge } from "../replication/stream-nudge.ts";
import type { RowGuard } from "./row-guard.ts";
import { TransactionIds } from "./transaction-ids.ts";

/** Stands for the schema among the tables that answers depend on. */
const SCHEMA = 0;
/** How long a statement that failed is not tried again, unless a change comes before. */
const FAILURE_MS = 60_000;

export interface InvalidationParts {
  readonly source: Pick<ChangeSource, "watchTables" | "unwatchTables">;
  readonly store: AnswerStore;
  readonly pool: Pick<FillPool, "run" | "full" | "queued">;
  readonly nudge: Pick<StreamNudge, "want">;
  readonly clock: () => number;
  readonly logger: Logger;
}

interface Watched {
  /** The id from which on all touches of the table are told. */
  readonly from: bigint;
  /** The columns that they tell. */
  readonly columns: readonly string[];
}

/** One execution of a statement whose answer is not kept yet. */
export interface WantedAnswer {
  readonly key: string;
  readonly cacheId: number;
  readonly plan: InvalidationPlan;
  readonly request: FillRequest;
  /** The most that may be kept of the cache. */
  readonly cacheBytes: number;
  readonly guard: RowGuard;
}

/**
 * Answers that are read from the upstream, kept, and dropped as soon as a commit comes by that could change them.
 *
 * Why a kept answer is that of the applied LSN: it was read at a snapshot S, and the WAL position P after S was
 * taken. Every commit that S sees ends before P, and the answer is given only when P is applied. Every commit
 * that S does not see and that touches what the answer depends on drops it, on its way to the engine, hence
 * before it is applied: those that come later by `accept`, those that came before by the log. None is missed: what S does
 * not see has an id of at least S's xmin, and the answer is kept only when that is not before the id from which on
 * touches of its tables are told.
 */
export class Invalidations {
  readonly #parts: InvalidationParts;
  readonly #ids = new TransactionIds();
  readonly #log = new CommitLog();
  readonly #watched = new Map<number, Watched>();
  readonly #filling = new Set<string>();
  /** Rises with all that makes answers wrong which are being read. */
  #generation = 0;
  /** Starts of the stream. */
  #starts = 0;
  #fills = 0;
  #discarded = 0;

  constructor(parts: InvalidationParts) {
    this.#parts = parts;
  }

  /** Answers read so far, and those that were overtaken while they were read. */
  get fills(): number {
    return this.#fills;
  }

  get discarded(): number {
    return this.#discarded;
  }

  /** The sink that sees every event before `next` does. */
  before(next: StreamSink): StreamSink {
    return {
      accept: (event: StreamEvent) => {
        if (event.kind === "commit") this.#commit(event.commit);
        return next.accept(event);
      },
      moved: (origin) => next.moved(origin),
    };
  }

  /** Has the stream tell the touches of the plan's tables. */
  async watch(plan: InvalidationPlan): Promise<void> {
    const wanted = plan.tables.flatMap(({ tableOid }) => this.#wanted(tableOid, plan) ?? []);
    if (wanted.length === 0) return;
    const starts = this.#starts;
    const from = await this.#parts.source.watchTables(wanted);
    this.#ids.observe(from);
    // After a new start the source knows nothing of what was watched before.
    if (starts !== this.#starts) throw new FreshetError(SqlState.cannotConnectNow, "replication has begun anew");
    for (const { tableOid, columns } of wanted) {
      this.#watched.set(tableOid, { from: this.#watched.get(tableOid)?.from ?? from, columns });
    }
  }

  /** What is to be told of a table so that the plan's guards can look at it; null when that is told already. */
  #wanted(tableOid: number, plan: InvalidationPlan): WatchedTable | null {
    const known = this.#watched.get(tableOid);
    const conditions = plan.guards
      .filter((guard) => guard.tableOid === tableOid)
      .flatMap(({ references }) => references);
    const columns = new Set([...(known?.columns ?? []), ...conditions.flat().map(({ column }) => column)]);
    if (known !== undefined && columns.size === known.columns.length) return null;
    return { tableOid, columns: [...columns] };
  }

  /** Ends watching all tables but those given. */
  async keepOnly(tables: ReadonlySet<number>): Promise<void> {
    const unused = [...this.#watched.keys()].filter((tableOid) => !tables.has(tableOid));
    if (unused.length === 0) return;
    for (const tableOid of unused) this.#watched.delete(tableOid);
    await this.#parts.source.unwatchTables(unused);
  }

  /** The answer, or why there is none, when it is known. */
  find(key: string): StoredAnswer | undefined {
    const found = this.#parts.store.get(key);
    if (found === undefined || found.expiresAt === Infinity || this.#parts.clock() < found.expiresAt) return found;
    this.#parts.store.delete(found);
    return undefined;
  }

  /** Reads the answer behind the client's back, for the next time; why it does not, or null when it does. */
  readAnswer(wanted: WantedAnswer): string | null {
    const { pool, store, nudge } = this.#parts;
    if (this.#filling.has(wanted.key)) return "being read";
    if (pool.full) return "too many answers are being read";
    const known = wanted.plan.tables.every(({ tableOid }) => this.#watched.has(tableOid));
    if (!known) return "its tables are not followed yet";
    const generation = this.#generation;
    this.#filling.add(wanted.key);
    pool
      .run(wanted.request)
      .then((filled) => {
        this.#fills++;
        this.#ids.observe(filled.snapshot.xmax);
        if (generation !== this.#generation || this.#overtaken(wanted, filled)) {
          this.#discarded++;
          return;
        }
        store.put(this.#answer(wanted, filled), wanted.cacheBytes);
        nudge.want(filled.lsn);
      })
      .catch((thrown: unknown) => {
        this.#parts.logger.debug({ error: errorMessage(thrown) }, "an answer could not be read");
      })
      .finally(() => this.#filling.delete(wanted.key));
    return null;
  }

  dropCache(cacheId: number): void {
    this.#parts.store.dropCache(cacheId);
  }

  /**
   * What statements mean may have changed; or the stream was interrupted: an upstream that crashed has lost commits
   * that it had not written down, of which answers that wait for their position may tell.
   */
  forgetAnswers(): void {
    this.#generation++;
    this.#parts.store.clear();
  }

  /** The stream begins anew elsewhere: what came meanwhile is not known. */
  reset(): void {
    this.#starts++;
    this.forgetAnswers();
    this.#watched.clear();
    this.#log.clear();
  }

  #commit(commit: Commit): void {
    if (commit.touched.length === 0 && !commit.schemaChanged) return;
    const xid = this.#ids.whole(commit.xid);
    for (const touch of commit.touched) {
      this.#log.add(xid, touch);
      this.#parts.store.touched(xid, touch);
    }
    if (!commit.schemaChanged) return;
    this.#log.add(xid, { tableOid: SCHEMA, columns: [], rows: null });
    this.forgetAnswers();
  }

  /** Whether the answer may lack a commit that has come by, or that will not be told. */
  #overtaken({ plan, guard }: WantedAnswer, { snapshot }: Filled): boolean {
    if (this.#log.overtakes(SCHEMA, snapshot, () => true)) return true;
    return plan.tables.some(({ tableOid }) => {
      const from = this.#watched.get(tableOid)?.from;
      return (
        from === undefined ||
        snapshot.xmin < from ||
        this.#log.overtakes(tableOid, snapshot, (touch) => guard.matters(touch))
      );
    });
  }

  #answer({ key, cacheId, plan, guard }: WantedAnswer, filled: Filled): StoredAnswer {
    const outcome = filled.outcome.kind === "rows" ? filled.outcome : noAnswer(filled.outcome);
    const midnight = plan.expiry === "midnight" ? filled.midnight : Infinity;
    const end = Math.min(midnight, filled.holdsUntil ?? Infinity);
    return {
      key,
      cacheId,
      outcome,
      tables: plan.tables.map(({ tableOid }) => tableOid),
      guard,
      snapshot: filled.snapshot,
      lsn: filled.lsn,
      expiresAt: filled.outcome.kind === "failed" ? this.#parts.clock() + FAILURE_MS : end,
    };
  }
}

function noAnswer(outcome: Exclude<Filled["outcome"], { readonly kind: "rows" }>): NoAnswer {
  if (outcome.kind === "failed") return { kind: "none", reason: "fill_failed", detail: outcome.message };
  return { kind: "none", reason: "result_too_large", detail: "more than is kept of one answer" };
}
