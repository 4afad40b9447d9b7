import type { BackoffOptions, Logger } from "@freshet/base";
import type { Upstream } from "./upstream.ts";

export interface ReplicatorOptions {
  /** postgres:// URL of the upstream; needs the REPLICATION privilege. */
  readonly url: Upstream;
  /** Names slot, publication and event trigger. */
  readonly instance: string;
  /** May tables without a usable replica identity be altered to REPLICA IDENTITY FULL? */
  readonly setReplicaIdentity: boolean;
  /** Shall standbys that synchronise slots keep this one (PostgreSQL 17)? */
  readonly slotFailover?: boolean;
  readonly logger: Logger;
  /** Waits between attempts to connect; doubled each time up to `maxMs`. */
  readonly reconnect?: BackoffOptions;
  /** Bytes of rows per SnapshotSink.rows call. */
  readonly snapshotBatchBytes?: number;
  /** Bytes of a transaction after which a part of it is handed over. */
  readonly partBytes?: number;
  /** Bytes received but not yet accepted by the sink, above which the socket is not read. */
  readonly queueBytes?: number;
  /** How long the stream may be held for a table whose snapshot is not established yet. */
  readonly holdLimitMs?: number;
  /** How long to wait for a slot that another process still uses. */
  readonly slotWaitMs?: number;
}

export type ResolvedOptions = Required<ReplicatorOptions>;

export function resolveOptions(options: ReplicatorOptions): ResolvedOptions {
  return {
    reconnect: { minMs: 100, maxMs: 10_000 },
    snapshotBatchBytes: 1 << 20,
    partBytes: 8 << 20,
    queueBytes: 32 << 20,
    holdLimitMs: 10_000,
    slotWaitMs: 15_000,
    slotFailover: true,
    ...options,
  };
}
