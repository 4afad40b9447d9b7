import type { Lsn } from "@freshet/values";
import type { StreamEvent } from "./commit.ts";
import type { TableSchema } from "./table.ts";
import type { WatchedTable } from "./table-touch.ts";

/** Receives the stream. Resolves when the event is accepted; the source reads no further until then. */
export interface StreamSink {
  accept(event: StreamEvent): Promise<void>;
  /**
   * The stream goes on at another server, on another timeline, which has all that was accepted so far. To be remembered before anything of it is
   * applied; what the former server had beyond the stream (its catalog, what was written there) may be gone.
   */
  moved(origin: ReplicationOrigin): Promise<void>;
}

/** Progress of one table's initial snapshot. `estimatedRows` is from `pg_class.reltuples`. */
export interface SnapshotProgress {
  readonly table: TableSchema;
  readonly rows: number;
  readonly estimatedRows: number;
}

/** Receives one table's snapshot, in batches of packed rows (contract/rows.ts). */
export interface SnapshotSink {
  /**
   * Called once, before any row and before the stream can carry a change of the table that is not in
   * the snapshot. Changes of the table with commitLsn < `snapshotLsn` are in the snapshot already.
   */
  begin(table: TableSchema, snapshotLsn: Lsn): Promise<void>;
  rows(tableOid: number, batch: Buffer, count: number): Promise<void>;
  end(tableOid: number): Promise<void>;
}

/** State of the replication connection, as shown in SQL and metrics. */
export interface ReplicationStatus {
  readonly state: "starting" | "streaming" | "reconnecting" | "stopped" | "slot-lost";
  readonly lastError: string | null;
  /** Monotonic milliseconds of the last message of any kind from the walsender. */
  readonly lastMessageAt: number;
  /** End of WAL the walsender told us of. */
  readonly receivedLsn: Lsn;
  /** What we reported as flushed. */
  readonly acknowledgedLsn: Lsn;
}

/** The upstream's changes from the engine's point of view; implemented by the replicator. */
export interface ChangeSource {
  /**
   * Connects and streams everything after `from` (null: nothing is stored; the slot is made anew and
   * the stream begins at its consistent point, which is returned). Keeps reconnecting by itself with
   * back-off until `stop`. Rejects with a FreshetError that tells how to mend it when the upstream
   * cannot be replicated from (wal_level, privilege, slot in use). Returns `reset: true` when the
   * stored position can no longer be resumed (slot lost, other system): state must be discarded. Without it the origin
   * is `from`, on the upstream's present timeline, which may be another one (see `StreamSink.moved`).
   * `tables` are those whose rows are stored already: their changes are forwarded from the start (with
   * `reset` they are forgotten).
   */
  start(
    from: ReplicationOrigin | null,
    tables: readonly TableSchema[],
    sink: StreamSink,
  ): Promise<{ readonly origin: ReplicationOrigin; readonly reset: boolean }>;
  /**
   * Publishes the tables and copies them at one exported snapshot, while the stream goes on.
   * Rejects with a FreshetError naming the statement that would help when one lacks a replica identity.
   */
  addTables(
    tables: readonly number[],
    sink: SnapshotSink,
    progress: (progress: SnapshotProgress) => void,
  ): Promise<void>;
  /** Ends what `addTables` began; tables that are not watched either leave the publication. */
  removeTables(tables: readonly number[]): Promise<void>;
  /**
   * Publishes the tables without copying them: from then on commits tell how they touched them. Of a table that is
   * watched already the columns are replaced. Resolves with a transaction id (with its epoch): whatever has
   * this one or a later one, and commits, tells all its touches. Holds until `start` or `stop`.
   */
  watchTables(tables: readonly WatchedTable[]): Promise<bigint>;
  /** Ends what `watchTables` began; tables that are not added either leave the publication. */
  unwatchTables(tables: readonly number[]): Promise<void>;
  /** Reports `lsn` as durable: the slot may forget everything before it. */
  acknowledge(lsn: Lsn): void;
  /** The tables' present shape in the catalog; absent where a table no longer exists. */
  describeTables(tables: readonly number[]): Promise<Map<number, TableSchema>>;
  status(): ReplicationStatus;
  /** Calls back on each state change. */
  onStatus(listener: (status: ReplicationStatus) => void): void;
  stop(): Promise<void>;
}

/** Where a stored state belongs: kept with it, checked at each start. */
export interface ReplicationOrigin {
  readonly systemIdentifier: string;
  readonly timeline: number;
  readonly databaseOid: number;
  readonly slotName: string;
  /** Everything up to here is applied. */
  readonly lsn: Lsn;
  /** The state depends on nothing in the log behind it (snapshots may be ahead of the stream); left out: `lsn`. */
  readonly seen?: Lsn;
}
