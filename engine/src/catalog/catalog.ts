import { must } from "@freshet/base";
import {
  type MakeUpstreamCalls,
  APPLIED_KEY,
  type CacheDefinition,
  type CacheState,
  type CacheStatus,
  ChangeWriter,
  encodeViewStatus,
  META_ARRANGEMENT,
  type ReplicationOrigin,
  SUSPENDED_KEY,
  type TableSchema,
  type TableStatus,
  viewStatusKey,
} from "@freshet/contract";
import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import { createCodecs, type Lsn, LSN_ZERO } from "@freshet/values";
import { pack, unpack } from "msgpackr";
import { createNode, type GraphNode, nodesBelow } from "../graph/graph-node.ts";
import type { NodeRecord } from "../graph/node-spec.ts";
import type { CompileContext } from "../operators/evaluate.ts";
import { decodeTally, encodeTally, newTally, type Tally } from "../state/tally.ts";
import { PartialKeys } from "../partial/partial-keys.ts";
import { TableRows } from "../tables/table-rows.ts";
import { ViewSink } from "../view/view-sink.ts";
import {
  discardArrangement,
  NEXT_ID_KEY,
  nodeTallyKey,
  ORIGIN_KEY,
  putRecord,
  readRecords,
  removeRecord,
  viewTallyKey,
} from "./records.ts";

/** A replicated table at work. */
export interface TableEntry {
  readonly schema: TableSchema;
  state: TableStatus["state"];
  readonly snapshotLsn: Lsn;
  readonly node: GraphNode;
  readonly rows: TableRows;
  /** Changes that came while loading: arrangement, next sequence number, and those not yet written. */
  readonly log: number;
  logNext: number;
  readonly logWriter: ChangeWriter;
}

/** A cache at work. */
export interface CacheEntry {
  readonly definition: CacheDefinition;
  state: CacheState;
  output: GraphNode | null;
  /** All nodes the output is computed from. */
  nodes: readonly GraphNode[];
  readonly sink: ViewSink;
  /** Of a partial view. */
  readonly keys: PartialKeys | null;
  /** Of the view: rows, bytes, and rows that could not be kept. */
  readonly tally: Tally;
  /** The last written status, to write only changes. */
  written: string;
}

/** Arrangements below FIRST_ID are fixed: META, the staged parts of a transaction, and the changes of views. */
export const STAGED_ARRANGEMENT = 2;
const FIRST_ID = 16;

export function compileContext(definition: CacheDefinition): CompileContext {
  return { codecs: createCodecs(definition.plan.types), collations: definition.plan.collations };
}

/** An origin without its position. Stores of before may have the timeline as text. */
type StoredOrigin = Omit<ReplicationOrigin, "lsn" | "timeline"> & { readonly timeline: number | string };

/**
 * What the engine knows: tables, nodes and caches, in memory as in the store. Methods with a
 * transaction change both; when the transaction is given up, the catalog must be loaded anew.
 */
export class Catalog {
  origin: ReplicationOrigin | null = null;
  applied: Lsn = LSN_ZERO;
  readonly tables: Map<number, TableEntry> = new Map();
  readonly nodes: Map<number, GraphNode> = new Map();
  readonly caches: Map<number, CacheEntry> = new Map();
  /** Live nodes but tables, by id: the order in which they run. */
  running: readonly GraphNode[] = [];
  /** Live nodes by hash: what a new cache can share. */
  readonly shareable: Map<string, GraphNode> = new Map();
  #nextId = FIRST_ID;

  readonly #upstreamCalls: MakeUpstreamCalls | undefined;

  constructor(upstreamCalls?: MakeUpstreamCalls) {
    this.#upstreamCalls = upstreamCalls;
  }

  static load(reads: ReadTransaction, upstreamCalls?: MakeUpstreamCalls): Catalog {
    const catalog = new Catalog(upstreamCalls);
    const origin = reads.get(META_ARRANGEMENT, ORIGIN_KEY);
    catalog.applied = reads.get(META_ARRANGEMENT, APPLIED_KEY)?.readBigUInt64BE(0) ?? LSN_ZERO;
    if (origin !== undefined) {
      const identity = unpack(origin) as StoredOrigin;
      catalog.origin = { ...identity, timeline: Number(identity.timeline), lsn: catalog.applied };
    }
    catalog.#nextId = reads.get(META_ARRANGEMENT, NEXT_ID_KEY)?.readUInt32BE(0) ?? FIRST_ID;
    const stored = readRecords(reads, "node").toSorted((a, b) => a.node.id - b.node.id);
    for (const { node, building } of stored)
      if (building === null) catalog.addNode(node, readTally(reads, nodeTallyKey(node.id)), true);
    for (const record of readRecords(reads, "table")) {
      if (record.state === "loading") continue;
      const node = must(catalog.nodes.get(record.node), "a table's node is stored with it");
      catalog.#addTable(record.schema, record.state, BigInt(record.snapshotLsn), node, record.log);
    }
    for (const { definition, state, output } of readRecords(reads, "cache")) {
      const cache = catalog.addCache(
        definition,
        state,
        state === "building" ? newTally() : readTally(reads, viewTallyKey(definition.id)),
      );
      if (output !== null && state !== "building") catalog.setOutput(cache, catalog.nodes.get(output) ?? null);
    }
    catalog.refresh();
    return catalog;
  }

  /** Ids of nodes and arrangements: one sequence, none used twice. */
  takeId(transaction: WriteTransaction): number {
    const id = this.#nextId++;
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeUInt32BE(this.#nextId, 0);
    transaction.put(META_ARRANGEMENT, NEXT_ID_KEY, bytes);
    return id;
  }

  addNode(record: NodeRecord, tally: Tally, live: boolean): GraphNode {
    const inputs = record.inputs.map((id) => must(this.nodes.get(id), "a node's inputs are stored before it"));
    const node = createNode(record, inputs, tally, live, this.#upstreamCalls);
    this.nodes.set(record.id, node);
    return node;
  }

  /** Recomputes what is derived from the nodes. To be called after nodes came, went live or went away. */
  refresh(): void {
    const live = [...this.nodes.values()].filter((node) => node.live);
    live.sort((a, b) => a.record.id - b.record.id);
    this.running = live.filter((node) => node.record.spec.kind !== "table");
    // The nodes of an invalid cache are suspect: one of them may have failed.
    const suspect = new Set<GraphNode>();
    for (const cache of this.caches.values()) {
      if (cache.state === "invalid") for (const node of cache.nodes) suspect.add(node);
    }
    this.shareable.clear();
    for (const node of live) {
      const sound = node.record.spec.kind === "table" || (!node.failed && !node.pending && !suspect.has(node));
      if (sound && !this.shareable.has(node.record.hash)) this.shareable.set(node.record.hash, node);
    }
  }

  beginTable(
    transaction: WriteTransaction,
    schema: TableSchema,
    snapshotLsn: Lsn,
    record: NodeRecord,
    log: number,
  ): void {
    const node = this.addNode(record, newTally(), true);
    putRecord(transaction, "node", record.id, { node: record, building: null });
    this.saveTable(transaction, this.#addTable(schema, "loading", snapshotLsn, node, log));
    this.refresh();
  }

  saveTable(transaction: WriteTransaction, table: TableEntry): void {
    const { schema, state, snapshotLsn, log } = table;
    const record = { schema, state, snapshotLsn: snapshotLsn.toString(), node: table.node.record.id, log };
    putRecord(transaction, "table", schema.oid, record);
  }

  /** Forgets a table; its node stays as long as caches are on it. */
  forgetTable(transaction: WriteTransaction, table: TableEntry): void {
    this.tables.delete(table.schema.oid);
    removeRecord(transaction, "table", table.schema.oid);
    discardArrangement(transaction, table.log);
    this.removeUnused(transaction);
  }

  addCache(definition: CacheDefinition, state: CacheState, tally: Tally): CacheEntry {
    const context = compileContext(definition);
    const sink = new ViewSink(definition.id, definition.plan, context, definition.maxBytes !== undefined);
    const keys = definition.maxBytes === undefined ? null : new PartialKeys(definition, definition.maxBytes, context);
    const cache: CacheEntry = { definition, state, output: null, nodes: [], sink, keys, tally, written: "" };
    this.caches.set(definition.id, cache);
    return cache;
  }

  setOutput(cache: CacheEntry, output: GraphNode | null): void {
    cache.output = output;
    cache.nodes = output === null ? [] : [...nodesBelow(output).values()];
  }

  saveCache(transaction: WriteTransaction, cache: CacheEntry): void {
    const { definition, state } = cache;
    putRecord(transaction, "cache", definition.id, { definition, state, output: cache.output?.record.id ?? null });
  }

  /** Removes nodes that no table and no cache needs, and leaves their arrangements to the garbage collection. */
  removeUnused(transaction: WriteTransaction): void {
    const used = new Set<GraphNode>();
    for (const table of this.tables.values()) used.add(table.node);
    for (const cache of this.caches.values()) for (const node of cache.nodes) used.add(node);
    for (const [id, node] of this.nodes) {
      if (used.has(node)) continue;
      this.nodes.delete(id);
      dropNodeRecord(transaction, node.record);
    }
    this.refresh();
  }

  setApplied(transaction: WriteTransaction, lsn: Lsn): void {
    this.applied = lsn;
    if (this.origin !== null) this.origin = { ...this.origin, lsn };
    transaction.put(META_ARRANGEMENT, APPLIED_KEY, lsnBytes(lsn));
  }

  /** The origin's timeline is another from now on. */
  relocate(transaction: WriteTransaction, timeline: number): void {
    this.setOrigin(transaction, { ...must(this.origin, "only a state with an origin goes on elsewhere"), timeline });
  }

  setOrigin(transaction: WriteTransaction, origin: ReplicationOrigin): void {
    const { lsn, systemIdentifier, timeline, databaseOid, slotName } = origin;
    transaction.put(META_ARRANGEMENT, ORIGIN_KEY, pack({ systemIdentifier, timeline, databaseOid, slotName }));
    this.origin = origin;
    this.setApplied(transaction, lsn);
  }

  /** Every view misses from the commit that ends at `lsn` on, until the change of the schema is looked into. */
  suspend(transaction: WriteTransaction, lsn: Lsn): void {
    transaction.put(META_ARRANGEMENT, SUSPENDED_KEY, lsnBytes(lsn));
  }

  resume(transaction: WriteTransaction, lsn: Lsn): void {
    const suspended = transaction.get(META_ARRANGEMENT, SUSPENDED_KEY);
    if (suspended !== undefined && suspended.readBigUInt64BE(0) <= lsn)
      transaction.remove(META_ARRANGEMENT, SUSPENDED_KEY);
  }

  /** Writes the tallies and view statuses that changed; returns the caches whose status did. */
  saveTallies(transaction: WriteTransaction): CacheStatus[] {
    for (const node of this.nodes.values()) {
      if (!node.changed) continue;
      node.changed = false;
      transaction.put(META_ARRANGEMENT, nodeTallyKey(node.record.id), encodeTally(node.tally));
    }
    const changed: CacheStatus[] = [];
    for (const cache of this.caches.values()) {
      if (cache.state !== "invalid" && cache.nodes.some((node) => node.failed)) {
        cache.state = "invalid";
        this.saveCache(transaction, cache);
        this.refresh();
      }
      const status = this.statusOf(cache);
      const { state, errors, rows, bytes } = status;
      const bytesNow = encodeViewStatus({ ready: state === "ready", errors, rows, bytes });
      const text = `${state} ${bytesNow.toString("latin1")}`;
      if (cache.written === text) continue;
      const alert = !cache.written.startsWith(`${state} ${bytesNow.toString("latin1", 0, 9)}`);
      cache.written = text;
      transaction.put(META_ARRANGEMENT, viewStatusKey(cache.definition.id), bytesNow);
      transaction.put(META_ARRANGEMENT, viewTallyKey(cache.definition.id), encodeTally(cache.tally));
      if (alert) changed.push(status);
    }
    return changed;
  }

  statusOf(cache: CacheEntry): CacheStatus {
    let { errors } = cache.tally;
    for (const node of cache.nodes) errors += node.tally.errors;
    return {
      definition: cache.definition,
      state: cache.state,
      rows: cache.tally.rows,
      bytes: cache.tally.bytes,
      errors,
    };
  }

  #addTable(
    schema: TableSchema,
    state: TableStatus["state"],
    snapshotLsn: Lsn,
    node: GraphNode,
    log: number,
  ): TableEntry {
    const rows = new TableRows(schema, must(node.record.arrangements[0], "a table has an arrangement"));
    const table = { schema, state, snapshotLsn, node, rows, log, logNext: 0, logWriter: new ChangeWriter() };
    this.tables.set(schema.oid, table);
    return table;
  }
}

function lsnBytes(lsn: Lsn): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(lsn, 0);
  return bytes;
}

export function readTally(reads: ReadTransaction, key: Buffer): Tally {
  const bytes = reads.get(META_ARRANGEMENT, key);
  return bytes === undefined ? newTally() : decodeTally(bytes);
}

/** Removes a node's record and leaves its arrangements to the garbage collection. */
export function dropNodeRecord(transaction: WriteTransaction, node: NodeRecord): void {
  removeRecord(transaction, "node", node.id);
  transaction.remove(META_ARRANGEMENT, nodeTallyKey(node.id));
  for (const arrangement of node.arrangements) discardArrangement(transaction, arrangement);
}
