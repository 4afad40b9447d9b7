import type { Lsn } from "@freshet/values";
import type { TableTouch } from "./table-touch.ts";

/** Relations that a schema change was about. A statement that neither reads nor names one means what it meant. */
export interface SchemaScope {
  /** Their OIDs, with those of all that inherit from them or that they inherit from. */
  readonly relations: readonly number[];
  /** What they are called after the change, or were when dropped; without schemas. */
  readonly names: readonly string[];
}

/**
 * One upstream transaction. `changes` are packed by ChangeWriter (change.ts), in the transaction's
 * order, in chunks of about a megabyte; a chunk never cuts a change.
 */
export interface Commit {
  /** Start of the commit record: compared with a snapshot's LSN at hand-over. */
  readonly commitLsn: Lsn;
  /** End of the commit record: the LSN that the state has reached once this is applied. */
  readonly endLsn: Lsn;
  /** Commit time upstream, microseconds since 2000-01-01 UTC. */
  readonly commitTime: bigint;
  readonly changes: readonly Buffer[];
  /** True when the transaction changed the schema (seen through the event trigger's message). */
  readonly schemaChanged: boolean;
  /** With `schemaChanged`: what alone can have changed; absent: anything. */
  readonly schemaScope?: SchemaScope;
  /** The (top-level) transaction's id upstream, without its epoch. */
  readonly xid: number;
  /** What it did to watched tables, in no order; each table once. */
  readonly touched: readonly TableTouch[];
}

/** What the replication stream yields, in LSN order. */
export type StreamEvent =
  | { readonly kind: "commit"; readonly commit: Commit }
  /** Everything below `lsn` that concerns us has been sent. */
  | { readonly kind: "progress"; readonly lsn: Lsn }
  /**
   * A part of a transaction too large to hold, before its commit. Parts of one transaction are
   * consecutive; its commit event then carries only what follows the last part.
   */
  | { readonly kind: "part"; readonly changes: readonly Buffer[] }
  /** The parts sent since the last commit are void: the connection broke, their transaction comes again. */
  | { readonly kind: "abort" };
