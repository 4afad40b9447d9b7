import { FreshetError } from "@freshet/base";
import { type Change, type Commit, readChanges } from "@freshet/contract";
import type { WriteTransaction } from "@freshet/store";
import type { Lsn } from "@freshet/values";
import type { CacheBuild } from "../build/cache-build.ts";
import { type CacheEntry, type Catalog, STAGED_ARRANGEMENT, type TableEntry } from "../catalog/catalog.ts";
import { consolidated, type DeltaBatch } from "../delta/delta-batch.ts";
import { type GraphNode, isDefect, runNodes } from "../graph/graph-node.ts";
import { DivergenceError } from "../tables/table-rows.ts";
import type { ViewTransaction } from "../view/view-store.ts";
import { OutboxWriter } from "./outbox-writer.ts";

/** Bounds of what is held in memory before the graph runs over it. */
export interface ChunkLimits {
  readonly rows: number;
  readonly bytes: number;
}

export const CHUNK_LIMITS: ChunkLimits = { rows: 4096, bytes: 8 << 20 };

function stagedKey(sequence: number): Buffer {
  const key = Buffer.allocUnsafe(8);
  key.writeBigUInt64BE(BigInt(sequence));
  return key;
}

/** Keeps parts of a transaction until its commit; returns the next sequence number. */
export function stageChanges(transaction: WriteTransaction, changes: readonly Buffer[], sequence: number): number {
  for (const chunk of changes) transaction.put(STAGED_ARRANGEMENT, stagedKey(sequence++), chunk);
  return sequence;
}

/**
 * One store transaction's worth of commits on its way through tables, graph and views. Changes are
 * collected up to the chunk limits, then every node runs once over what they amount to.
 */
export class CommitBatch {
  readonly #catalog: Catalog;
  readonly #builds: ReadonlyMap<number, CacheBuild>;
  readonly #transaction: ViewTransaction;
  readonly #lsn: Lsn;
  readonly #limits: ChunkLimits;
  readonly #outbox: OutboxWriter;
  readonly #touched = new Set<TableEntry>();
  #pendingChanges = 0;
  #pendingBytes = 0;
  changes = 0;
  readonly invalidTables: number[] = [];

  constructor(
    catalog: Catalog,
    builds: ReadonlyMap<number, CacheBuild>,
    transaction: ViewTransaction,
    lsn: Lsn,
    limits: ChunkLimits,
  ) {
    this.#catalog = catalog;
    this.#builds = builds;
    this.#transaction = transaction;
    this.#lsn = lsn;
    this.#limits = limits;
    this.#outbox = new OutboxWriter(transaction, lsn);
  }

  /** Takes in a commit, behind the parts of it that were staged. */
  commit(commit: Commit, stagedParts: number): void {
    for (let sequence = 0; sequence < stagedParts; sequence++) {
      const chunk = this.#transaction.get(STAGED_ARRANGEMENT, stagedKey(sequence));
      if (chunk !== undefined) this.#chunk(chunk, commit.commitLsn);
      this.#transaction.remove(STAGED_ARRANGEMENT, stagedKey(sequence));
    }
    for (const chunk of commit.changes) this.#chunk(chunk, commit.commitLsn);
    if (commit.schemaChanged) this.#catalog.suspend(this.#transaction, commit.endLsn);
  }

  /** Runs the graph over what is collected. */
  run(): void {
    const outputs = new Map<number, DeltaBatch>();
    for (const table of this.#touched) {
      this.#writeLog(table);
      this.#guard(table, () => {
        const deltas = table.rows.flush(this.#transaction, table.node.tally);
        table.node.changed = true;
        if (deltas.length > 0) outputs.set(table.node.record.id, deltas);
      });
    }
    this.#touched.clear();
    this.#pendingChanges = 0;
    this.#pendingBytes = 0;
    this.#flow(outputs);
  }

  #chunk(chunk: Buffer, commitLsn: Lsn): void {
    for (const change of readChanges(chunk)) {
      this.changes++;
      const table = this.#catalog.tables.get(change.tableOid);
      if (table === undefined || table.state === "invalid" || commitLsn < table.snapshotLsn) continue;
      this.#change(table, change);
      if (this.#pendingChanges >= this.#limits.rows || this.#pendingBytes >= this.#limits.bytes) this.run();
    }
  }

  #change(table: TableEntry, change: Change): void {
    if (change.kind === "schema") {
      this.#invalidate(table);
      return;
    }
    this.#touched.add(table);
    this.#pendingChanges++;
    this.#pendingBytes += "row" in change ? change.row.length : 0;
    if (table.state === "loading") logChange(table, change);
    else if (change.kind === "truncate") this.#truncate(table);
    else this.#guard(table, () => table.rows.change(this.#transaction, change));
  }

  #truncate(table: TableEntry): void {
    this.run();
    table.node.changed = true;
    table.rows.truncate(this.#transaction, table.node.tally, (deltas) =>
      this.#flow(new Map([[table.node.record.id, deltas]])),
    );
  }

  #flow(outputs: Map<number, DeltaBatch>): void {
    if (outputs.size === 0) return;
    runNodes(this.#transaction, this.#catalog.running, outputs);
    for (const build of this.#builds.values()) build.log(this.#transaction, outputs);
    for (const cache of this.#catalog.caches.values()) {
      if (cache.state !== "ready" || cache.output === null) continue;
      const deltas = consolidated(outputs, cache.output.record.id);
      if (deltas.length > 0) this.#sink(cache, deltas);
    }
  }

  #sink(cache: CacheEntry, deltas: DeltaBatch): void {
    try {
      const visible = cache.sink.apply(this.#transaction, deltas, this.#lsn, cache.tally);
      if (cache.definition.writeBack) this.#outbox.append(cache.definition.id, visible);
    } catch (error) {
      if (!isDefect(error)) throw error;
      invalidateCache(this.#catalog, this.#transaction, cache);
    }
  }

  /** Changes that do not fit a table's rows, or that its codecs do not know, make the table invalid, not the stream. */
  #guard(table: TableEntry, body: () => void): void {
    if (table.state === "invalid") return;
    try {
      body();
    } catch (error) {
      if (!(error instanceof DivergenceError || error instanceof FreshetError)) throw error;
      this.#invalidate(table);
    }
  }

  #invalidate(table: TableEntry): void {
    if (table.state === "invalid") return;
    table.rows.discard();
    this.invalidTables.push(table.schema.oid);
    invalidateTable(this.#catalog, this.#transaction, table);
  }

  #writeLog(table: TableEntry): void {
    for (const chunk of table.logWriter.take()) {
      this.#transaction.put(table.log, stagedKey(table.logNext++), chunk);
    }
  }
}

/** Marks the table and every cache on it as invalid, in one transaction. */
export function invalidateTable(catalog: Catalog, transaction: WriteTransaction, table: TableEntry): void {
  table.state = "invalid";
  catalog.saveTable(transaction, table);
  invalidateCachesOn(catalog, transaction, table.node);
}

export function invalidateCachesOn(catalog: Catalog, transaction: WriteTransaction, node: GraphNode): void {
  for (const cache of catalog.caches.values()) {
    if (cache.nodes.includes(node)) invalidateCache(catalog, transaction, cache);
  }
}

export function invalidateCache(catalog: Catalog, transaction: WriteTransaction, cache: CacheEntry): void {
  if (cache.state === "invalid") return;
  cache.state = "invalid";
  catalog.saveCache(transaction, cache);
  catalog.refresh();
}

function logChange(table: TableEntry, change: Change): void {
  const { logWriter: writer } = table;
  const { tableOid } = change;
  switch (change.kind) {
    case "insert":
      writer.insert(tableOid, change.row);
      break;
    case "update":
      writer.update(tableOid, change.oldKind, change.old, change.row);
      break;
    case "delete":
      writer.delete(tableOid, change.oldKind, change.row);
      break;
    case "truncate":
      writer.truncate(tableOid);
      break;
    case "schema":
      writer.schema(tableOid);
      break;
  }
}

/**
 * Replays up to `chunks` chunks of what came while a table was loading; false when nothing is left.
 * No cache is on the table yet, so its deltas go nowhere.
 */
export function replayTableLog(transaction: WriteTransaction, table: TableEntry, chunks: number): boolean {
  const entries = [...transaction.scan(table.log, { limit: chunks })];
  const { tally } = table.node;
  table.node.changed = true;
  for (const { key, value } of entries) {
    for (const change of readChanges(value)) {
      if (change.kind !== "truncate") table.rows.change(transaction, change);
      else {
        table.rows.flush(transaction, tally);
        table.rows.truncate(transaction, tally, () => undefined);
      }
    }
    table.rows.flush(transaction, tally);
    transaction.remove(table.log, key);
  }
  return entries.length === chunks;
}
