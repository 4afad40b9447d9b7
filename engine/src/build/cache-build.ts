import { assert } from "@freshet/base";
import { type BuildProgress, viewArrangement } from "@freshet/contract";
import type { WriteTransaction } from "@freshet/store";
import type { CacheEntry, Catalog } from "../catalog/catalog.ts";
import { putRecord } from "../catalog/records.ts";
import { consolidated, type DeltaBatch } from "../delta/delta-batch.ts";
import { type GraphNode, isDefect, runNodes } from "../graph/graph-node.ts";
import { instantiate } from "../graph/instantiate.ts";
import type { SpecNode } from "../graph/plan-specs.ts";
import type { ViewStore, ViewTransaction } from "../view/view-store.ts";
import { BuildLayer } from "./build-layer.ts";
import { BuildOrder } from "./build-order.ts";
import type { StepSize } from "./step-size.ts";

/** Entries of a former, broken-off build that one step clears away. */
const CLEARED_PER_STEP = 5000;

/**
 * Fills a cache's new nodes and its view while the stream goes on, layer by layer (see BuildOrder). A node without state
 * of its own (a join looks into the arrangements of its inputs) becomes live with the layer that it is enumerated for: then it
 * puts out deltas, too. A build that is broken off begins again from nothing.
 */
export class CacheBuild {
  readonly #catalog: Catalog;
  readonly #store: ViewStore;
  readonly #cache: CacheEntry;
  readonly #size: StepSize;
  #output: GraphNode | null = null;
  #added: readonly GraphNode[] = [];
  #order: BuildOrder | null = null;
  /** Nodes whose failures are not counted yet: the first enumeration of each does. */
  readonly #uncounted = new Set<GraphNode>();
  #layer: BuildLayer | null = null;
  #targets: readonly GraphNode[] = [];
  #rowsTotal = 0;
  #rowsDone = 0;

  constructor(catalog: Catalog, store: ViewStore, cache: CacheEntry, size: StepSize) {
    this.#catalog = catalog;
    this.#store = store;
    this.#cache = cache;
    this.#size = size;
  }

  /** Does a bounded piece. `compile` gives the plan's nodes; called once. */
  step(compile: () => SpecNode): BuildProgress {
    if (this.#layer === null) {
      if (this.#store.clear(viewArrangement(this.#cache.definition.id), CLEARED_PER_STEP)) this.#begin(compile());
      return this.#progress(false);
    }
    const rows = this.#layer.step((transaction, outputs) => this.#feed(transaction, outputs));
    this.#rowsDone += rows;
    return this.#progress(this.#cache.state === "ready");
  }

  /** Keeps what a chunk, which the live nodes take in now, means for the layer that is being filled. */
  log(transaction: WriteTransaction, outputs: Map<number, DeltaBatch>): void {
    this.#layer?.append(transaction, outputs);
  }

  /** Unpins the snapshot: the build will not be gone on with. */
  abandon(): void {
    this.#layer?.abandon();
  }

  /** Leaves the log to the garbage collection. The added nodes are the caller's to drop. */
  discardLog(transaction: WriteTransaction): void {
    this.#layer?.discardLog(transaction);
  }

  #begin(root: SpecNode): void {
    this.#store.write((transaction) => {
      const made = instantiate(this.#catalog, transaction, root, this.#cache.definition.id);
      this.#output = made.output;
      this.#added = made.added;
      for (const node of made.added) this.#uncounted.add(node);
      this.#catalog.setOutput(this.#cache, made.output);
      const order = new BuildOrder(made.added, made.output);
      this.#order = order;
      this.#nextLayer(transaction, order);
      this.#catalog.saveTallies(transaction);
    });
    this.#layer?.pin();
  }

  /** Finds what is to be filled next, nodes with state and in the end the view, and makes live what is enumerated for it. */
  #nextLayer(transaction: WriteTransaction, order: BuildOrder): void {
    const { stateless, targets } = order.next();
    for (const node of stateless) node.live = true;
    this.#targets = targets;
    const output = this.#output;
    assert(output !== null, "a build's output is known before its layers");
    const inputs = this.#targets.length > 0 ? this.#targets.flatMap((node) => node.inputs) : [output];
    this.#layer = new BuildLayer(
      this.#store,
      this.#catalog.takeId(transaction),
      [...new Set(inputs)],
      this.#uncounted,
      {
        size: this.#size,
        finish: (inTransaction) => this.#finishLayer(inTransaction),
        save: (inTransaction) => this.#catalog.saveTallies(inTransaction),
      },
    );
    this.#layer.open(transaction);
    this.#rowsTotal += this.#layer.estimate;
    this.#catalog.refresh();
  }

  #feed(transaction: ViewTransaction, outputs: Map<number, DeltaBatch>): void {
    if (this.#targets.length > 0) {
      runNodes(transaction, this.#targets, outputs, true);
      return;
    }
    const deltas = consolidated(outputs, this.#output?.record.id ?? 0);
    if (deltas.length === 0) return;
    try {
      this.#cache.sink.apply(transaction, deltas, this.#catalog.applied, this.#cache.tally);
    } catch (error) {
      if (!isDefect(error)) throw error;
      this.#cache.state = "invalid";
      this.#catalog.saveCache(transaction, this.#cache);
    }
  }

  /** Called in the transaction that takes the last of a layer's log. */
  #finishLayer(transaction: WriteTransaction): void {
    if (this.#targets.length === 0) {
      this.#finish(transaction);
      return;
    }
    for (const node of this.#targets) node.live = true;
    assert(this.#order !== null, "a build's order is known before its layers");
    this.#nextLayer(transaction, this.#order);
  }

  #finish(transaction: WriteTransaction): void {
    if (this.#cache.state === "invalid") return;
    for (const node of this.#added) {
      node.pending = false;
      putRecord(transaction, "node", node.record.id, { node: node.record, building: null });
    }
    this.#cache.state = "ready";
    this.#catalog.saveCache(transaction, this.#cache);
    this.#catalog.refresh();
  }

  #progress(done: boolean): BuildProgress {
    this.#layer?.pin();
    return { done, rowsDone: this.#rowsDone, rowsTotal: Math.max(this.#rowsTotal, this.#rowsDone) };
  }
}
