import { assert } from "@freshet/base";
import { type BuildProgress, viewArrangement } from "@freshet/contract";
import type { Snapshot, Store, WriteTransaction } from "@freshet/store";
import type { CacheEntry, Catalog } from "../catalog/catalog.ts";
import { forgetBuildLog, putRecord, rememberBuildLog } from "../catalog/records.ts";
import { consolidate, DeltaBatch } from "../delta/delta-batch.ts";
import { enumerateNode, type GraphNode, runNodes } from "../graph/graph-node.ts";
import { instantiate, type Instantiated } from "../graph/instantiate.ts";
import type { SpecNode } from "../graph/plan-specs.ts";

/** Entries of a former, broken-off build that one step clears away. */
const CLEARED_PER_STEP = 5000;

interface Phase {
  readonly graph: Instantiated;
  /** Pinned at the LSN that the enumeration shows; closed when that is done. */
  snapshot: Snapshot | null;
  readonly enumeration: Iterator<readonly [GraphNode, DeltaBatch]>;
}

/** Upper estimate of the rows that enumerating a node yields. */
function estimateRows(node: GraphNode): number {
  if (node.record.arrangements.length > 0) return node.tally.rows;
  return node.inputs.reduce((sum, input) => sum + estimateRows(input), 0);
}

function* enumerateAll(
  nodes: readonly GraphNode[],
  snapshot: Snapshot,
): IterableIterator<readonly [GraphNode, DeltaBatch]> {
  for (const node of nodes) for (const batch of enumerateNode(node, snapshot)) yield [node, batch];
}

/**
 * Fills a cache's new nodes and its view while the stream goes on: first from the frontier's content at
 * a pinned snapshot, then from a log of the frontier's deltas since then. In the transaction that takes
 * the last of the log the nodes go live. A build that is broken off begins again from nothing.
 */
export class CacheBuild {
  readonly #catalog: Catalog;
  readonly #store: Store;
  readonly #cache: CacheEntry;
  readonly #stepRows: number;
  #phase: Phase | null = null;
  #log = 0;
  #logNext = 0;
  #logRead = 0;
  #replayRows: number;
  #rowsDone = 0;
  #rowsTotal = 0;

  constructor(catalog: Catalog, store: Store, cache: CacheEntry, stepRows: number) {
    this.#catalog = catalog;
    this.#store = store;
    this.#cache = cache;
    this.#stepRows = stepRows;
    this.#replayRows = stepRows;
  }

  /** Does a bounded piece. `compile` gives the plan's nodes; called once. */
  step(compile: () => SpecNode): BuildProgress {
    if (this.#phase === null) {
      if (this.#store.clear(viewArrangement(this.#cache.definition.id), CLEARED_PER_STEP)) this.#begin(compile());
      return this.#progress(false);
    }
    if (this.#phase.snapshot !== null) {
      this.#enumerate(this.#phase);
      return this.#progress(false);
    }
    return this.#progress(this.#replay(this.#phase));
  }

  /** Keeps the frontier's deltas of a chunk that other caches take in now. */
  log(transaction: WriteTransaction, outputs: ReadonlyMap<number, DeltaBatch>): void {
    for (const node of this.#phase?.graph.frontier ?? []) {
      outputs.get(node.record.id)?.forEach((row, weight) => {
        const value = Buffer.allocUnsafe(12 + row.length);
        value.writeUInt32BE(node.record.id, 0);
        value.writeDoubleBE(weight, 4);
        value.set(row, 12);
        transaction.put(this.#log, logKey(this.#logNext++), value);
      });
    }
  }

  /** Unpins the snapshot. */
  release(): void {
    this.#phase?.snapshot?.close();
    if (this.#phase !== null) this.#phase.snapshot = null;
  }

  /** Leaves the log to the garbage collection. The added nodes are the caller's to drop. */
  discardLog(transaction: WriteTransaction): void {
    if (this.#phase !== null) forgetBuildLog(transaction, this.#log);
  }

  #begin(root: SpecNode): void {
    const graph = this.#store.write((transaction) => {
      this.#log = this.#catalog.takeId(transaction);
      rememberBuildLog(transaction, this.#log);
      const made = instantiate(this.#catalog, transaction, root, this.#cache.definition.id);
      this.#catalog.setOutput(this.#cache, made.output);
      this.#feed(transaction, made, new Map(), true);
      this.#catalog.saveTallies(transaction);
      return made;
    });
    const snapshot = this.#store.snapshot();
    this.#phase = { graph, snapshot, enumeration: enumerateAll(graph.frontier, snapshot) };
    this.#rowsTotal = graph.frontier.reduce((sum, node) => sum + estimateRows(node), 0);
  }

  #enumerate(phase: Phase): void {
    const batches = new Map<GraphNode, DeltaBatch>();
    let rows = 0;
    while (rows < this.#stepRows) {
      const next = phase.enumeration.next();
      if (next.done === true) {
        this.release();
        break;
      }
      const [node, batch] = next.value;
      const collected = batches.get(node) ?? new DeltaBatch();
      batch.forEach((row, weight) => collected.push(row, weight));
      batches.set(node, collected);
      rows += Math.max(1, batch.length);
    }
    this.#rowsDone += rows;
    const outputs = new Map([...batches].map(([node, batch]) => [node.record.id, consolidate(batch)]));
    this.#store.write((transaction) => {
      this.#feed(transaction, phase.graph, outputs, false);
      this.#catalog.saveTallies(transaction);
    });
  }

  /** True when the cache is ready. */
  #replay(phase: Phase): boolean {
    const done = this.#store.write((transaction) => {
      const batches = new Map<number, DeltaBatch>();
      const options = { start: logKey(this.#logRead), limit: this.#replayRows };
      for (const { value } of [...transaction.scan(this.#log, options)]) {
        const id = value.readUInt32BE(0);
        const batch = batches.get(id) ?? new DeltaBatch();
        batch.push(value.subarray(12), value.readDoubleBE(4));
        batches.set(id, batch);
        transaction.remove(this.#log, logKey(this.#logRead++));
      }
      const outputs = new Map([...batches].map(([id, batch]) => [id, consolidate(batch)]));
      this.#feed(transaction, phase.graph, outputs, false);
      const finished = this.#logRead === this.#logNext;
      if (finished) this.#goLive(transaction, phase.graph);
      this.#catalog.saveTallies(transaction);
      return finished;
    });
    // The log may grow as fast as a step of fixed size reads it.
    this.#replayRows *= 2;
    return done;
  }

  #feed(transaction: WriteTransaction, graph: Instantiated, outputs: Map<number, DeltaBatch>, initial: boolean): void {
    runNodes(transaction, graph.added, outputs, initial);
    const deltas = outputs.get(graph.output.record.id);
    if (deltas === undefined || deltas.length === 0) return;
    this.#cache.sink.apply(transaction, deltas, this.#catalog.applied, this.#cache.tally);
  }

  #goLive(transaction: WriteTransaction, graph: Instantiated): void {
    assert(this.#cache.state === "building", "only a building cache gets ready");
    for (const node of graph.added) {
      node.live = true;
      putRecord(transaction, "node", node.record.id, { node: node.record, building: null });
    }
    forgetBuildLog(transaction, this.#log);
    this.#cache.state = "ready";
    this.#catalog.saveCache(transaction, this.#cache);
    this.#catalog.refresh();
  }

  #progress(done: boolean): BuildProgress {
    return { done, rowsDone: this.#rowsDone, rowsTotal: Math.max(this.#rowsTotal, this.#rowsDone) };
  }
}

function logKey(sequence: number): Buffer {
  const key = Buffer.allocUnsafe(8);
  key.writeBigUInt64BE(BigInt(sequence));
  return key;
}
