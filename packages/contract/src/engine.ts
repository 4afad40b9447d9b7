import type { QueryPlan } from "@freshet/sql";
import type { Lsn } from "@freshet/values";
import type { Commit } from "./commit.ts";
import type { ReplicationOrigin } from "./change-source.ts";
import type { TableSchema } from "./table.ts";

/** A cache as the engine keeps it; survives restarts. */
export interface CacheDefinition {
  /** Never used twice. Names the view's arrangement and the write-back outbox. */
  readonly id: number;
  readonly plan: QueryPlan;
  /** True: the view's deltas are kept in an outbox until they are acknowledged. */
  readonly writeBack: boolean;
  /** Set: the view is partial. It holds the keys that `fillKeys` asked for, and beyond so many bytes gives up those that were not used lately. */
  readonly maxBytes?: number;
  /**
   * What the proxy needs besides (name, texts, shape, options), opaque to the engine. JSON.
   */
  readonly attributes: string;
}

/** `invalid`: a table it depends on changed its shape; must be dropped and built anew. */
export type CacheState = "building" | "ready" | "invalid";

export interface CacheStatus {
  readonly definition: CacheDefinition;
  readonly state: CacheState;
  readonly rows: number;
  readonly bytes: number;
  /** Error deltas in scope; hits are off while this is not 0. */
  readonly errors: number;
}

export interface TableStatus {
  readonly table: TableSchema;
  /** `loading`: its snapshot is being written. `live`: follows the stream. `invalid`: shape changed. */
  readonly state: "loading" | "live" | "invalid";
  readonly rows: number;
  /** Of its snapshot, which may be ahead of what is applied. */
  readonly snapshotLsn: Lsn;
}

export interface EngineState {
  /** Null when the store is empty. */
  readonly origin: ReplicationOrigin | null;
  readonly tables: readonly TableStatus[];
  readonly caches: readonly CacheStatus[];
}

export interface ApplyResult {
  readonly appliedLsn: Lsn;
  /** Everything up to here is on disk; may be acknowledged upstream. */
  readonly durableLsn: Lsn;
  /** Caches whose state or error count changed, and tables that became invalid. */
  readonly caches: readonly CacheStatus[];
  readonly invalidTables: readonly number[];
}

export interface BuildProgress {
  readonly done: boolean;
  readonly rowsDone: number;
  /** Estimate; 0 when unknown. */
  readonly rowsTotal: number;
}

/** What became of a key that was to be filled; `refused`: the cache is not ready, or not partial. */
export type KeyOutcome = "kept" | "too large" | "refused";

/** Layout of an operator graph for EXPLAIN: one line per node, shared nodes marked. */
export interface GraphNodeInfo {
  readonly id: number;
  readonly depth: number;
  readonly operator: string;
  readonly detail: string;
  readonly shared: boolean;
  readonly rows: number;
  readonly bytes: number;
}

/** The engine as its owner sees it. Requests are carried out one after the other, in the order sent. */
export interface Engine {
  open(): Promise<EngineState>;
  /** Forgets everything and begins at `origin`. */
  reset(origin: ReplicationOrigin): Promise<void>;
  /** The state goes on along another timeline, of which all that is applied is part. */
  relocate(timeline: number): Promise<void>;
  /**
   * Applies whole transactions in one store transaction. With `schemaChanged` set on one of them, every
   * cache is suspended (misses) until `resume`.
   */
  apply(commits: readonly Commit[]): Promise<ApplyResult>;
  /** Spills a part of a transaction whose commit follows later. */
  stage(changes: readonly Buffer[]): Promise<void>;
  /** Drops what `stage` spilled since the last commit: its transaction comes again. */
  discardStaged(): Promise<void>;
  /** No change up to `lsn`: moves the applied LSN. */
  advance(lsn: Lsn): Promise<ApplyResult>;
  /** Resolves with the LSN that is durable when all that was applied is on disk. */
  flush(): Promise<Lsn>;

  beginTable(table: TableSchema, snapshotLsn: Lsn): Promise<void>;
  loadRows(tableOid: number, batch: Buffer): Promise<void>;
  /** Replays what the stream brought meanwhile; then the table is live. */
  endTable(tableOid: number): Promise<void>;
  /** Forgets a table that no cache uses. */
  dropTable(tableOid: number): Promise<void>;

  /** Rejects with a FreshetError (0A000) when the plan holds something the engine lacks. No side effects. */
  check(plan: QueryPlan, options?: { readonly partial?: boolean }): Promise<readonly GraphNodeInfo[]>;
  createCache(definition: CacheDefinition): Promise<void>;
  /** Does a bounded piece (some milliseconds) of a cache's build; call until done. */
  buildStep(cacheId: number): Promise<BuildProgress>;
  /**
   * Puts keys of a partial view in it. `keys` are lists of the equality parameters' values, in the columns' types; `used` are keys of the view
   * (viewKeyPrefix with HEADER_TAG) that were read since the last call.
   */
  fillKeys(
    cacheId: number,
    keys: readonly (readonly Buffer[])[],
    used: readonly Buffer[],
  ): Promise<readonly KeyOutcome[]>;
  dropCache(cacheId: number): Promise<void>;
  /** Deletes a piece of what dropped caches left behind; false when nothing is left. */
  collectGarbage(): Promise<boolean>;
  /** Ends the suspension that schema changes up to `lsn` (a commit's endLsn) began; a later one's goes on. */
  resume(lsn: Lsn): Promise<void>;
  /** Trims a write-back outbox up to and including `lsn`. */
  acknowledgeOutbox(cacheId: number, lsn: Lsn): Promise<void>;
  status(): Promise<EngineState>;
  explain(cacheId: number): Promise<readonly GraphNodeInfo[]>;
  stats(): Promise<EngineStats>;
  close(): Promise<void>;
}

export interface EngineStats {
  readonly storeBytes: number;
  readonly storeUsedBytes: number;
  readonly commitsApplied: number;
  readonly changesApplied: number;
  readonly batchesApplied: number;
  readonly applySecondsTotal: number;
  /** Keys of partial views that were filled, and that were given up for others. */
  readonly keysFilled: number;
  readonly keysEvicted: number;
}
