import { assert } from "@freshet/base";
import type { Snapshot, WriteTransaction } from "@freshet/store";
import { forgetBuildLog, rememberBuildLog } from "../catalog/records.ts";
import { consolidated, DeltaBatch } from "../delta/delta-batch.ts";
import { enumerateNode, type GraphNode } from "../graph/graph-node.ts";
import { newTally } from "../state/tally.ts";
import type { ViewStore, ViewTransaction } from "../view/view-store.ts";
import type { StepSize } from "./step-size.ts";

export interface LayerHooks {
  /** How many rows one step takes in. */
  readonly size: StepSize;
  /** Called in the transaction that takes the last of the log. */
  readonly finish: (transaction: WriteTransaction) => void;
  /** Called at the end of every transaction. */
  readonly save: (transaction: WriteTransaction) => void;
}

type Feed = (transaction: ViewTransaction, outputs: Map<number, DeltaBatch>) => void;

/** Upper estimate of the rows that enumerating a node yields. */
function estimateRows(node: GraphNode): number {
  if (node.record.arrangements.length > 0) return node.tally.rows;
  return node.inputs.reduce((sum, input) => sum + estimateRows(input), 0);
}

/** What a batch counts for at least, in rows: conditions may have dropped most of what was looked at for it. */
const LEAST_WORK = 128;

function logKey(sequence: number): Buffer {
  const key = Buffer.allocUnsafe(8);
  key.writeBigUInt64BE(BigInt(sequence));
  return key;
}

/**
 * Brings the content of live nodes to what is to be filled from them: first their output at a pinned
 * snapshot, then from a log their deltas since then, until the log is empty.
 */
export class BuildLayer {
  readonly #store: ViewStore;
  readonly #log: number;
  readonly #inputs: readonly GraphNode[];
  readonly #uncounted: Set<GraphNode>;
  readonly #hooks: LayerHooks;
  #snapshot: Snapshot | null = null;
  #enumeration: Iterator<readonly [GraphNode, DeltaBatch]> | null = null;
  #enumerated = false;
  #abandoned = false;
  #logNext = 0;
  #logRead = 0;
  #replayRows: number;

  constructor(
    store: ViewStore,
    log: number,
    inputs: readonly GraphNode[],
    uncounted: Set<GraphNode>,
    hooks: LayerHooks,
  ) {
    this.#store = store;
    this.#log = log;
    this.#inputs = inputs;
    this.#uncounted = uncounted;
    this.#hooks = hooks;
    this.#replayRows = hooks.size.rows;
  }

  get estimate(): number {
    return this.#inputs.reduce((sum, input) => sum + estimateRows(input), 0);
  }

  /** Begins the log: deltas of the next transaction are in it. */
  open(transaction: WriteTransaction): void {
    rememberBuildLog(transaction, this.#log);
  }

  /** Pins the state that `open`'s transaction left; nothing may be written between the two. */
  pin(): void {
    if (this.#enumeration !== null) return;
    this.#snapshot = this.#store.snapshot();
    this.#enumeration = this.#enumerateAll(this.#snapshot);
  }

  append(transaction: WriteTransaction, outputs: Map<number, DeltaBatch>): void {
    if (this.#abandoned) return;
    for (const { record } of this.#inputs) {
      consolidated(outputs, record.id).forEach((row, weight) => {
        const value = Buffer.allocUnsafe(12 + row.length);
        value.writeUInt32BE(record.id, 0);
        value.writeDoubleBE(weight, 4);
        value.set(row, 12);
        transaction.put(this.#log, logKey(this.#logNext++), value);
      });
    }
  }

  /** Unpins the snapshot and keeps no log any more: the layer will not be gone on with. */
  abandon(): void {
    this.#abandoned = true;
    this.#unpin();
  }

  #unpin(): void {
    this.#snapshot?.close();
    this.#snapshot = null;
  }

  discardLog(transaction: WriteTransaction): void {
    forgetBuildLog(transaction, this.#log);
  }

  /** Takes a bounded piece in; returns about the number of rows that were enumerated. */
  step(feed: Feed): number {
    if (this.#enumerated) {
      this.#replay(feed);
      return 0;
    }
    return this.#hooks.size.timed(() => this.#enumerate(feed));
  }

  #enumerate(feed: Feed): number {
    const batches = new Map<number, DeltaBatch>();
    let rows = 0;
    while (rows < this.#hooks.size.rows) {
      assert(this.#enumeration !== null && this.#snapshot !== null, "a layer is enumerated at a pinned snapshot");
      const next = this.#enumeration.next();
      if (next.done === true) {
        this.#enumerated = true;
        this.#unpin();
        break;
      }
      const [{ record }, batch] = next.value;
      const collected = batchOf(batches, record.id);
      batch.forEach((row, weight) => collected.push(row, weight));
      rows += Math.max(LEAST_WORK, batch.length);
    }
    this.#store.write((transaction) => {
      feed(transaction, batches);
      this.#hooks.save(transaction);
    });
    return rows;
  }

  #replay(feed: Feed): void {
    this.#store.write((transaction) => {
      const batches = new Map<number, DeltaBatch>();
      const options = { start: logKey(this.#logRead), limit: this.#replayRows };
      for (const { value } of [...transaction.scan(this.#log, options)]) {
        batchOf(batches, value.readUInt32BE(0)).push(value.subarray(12), value.readDoubleBE(4));
        transaction.remove(this.#log, logKey(this.#logRead++));
      }
      feed(transaction, batches);
      if (this.#logRead === this.#logNext) {
        this.discardLog(transaction);
        this.#hooks.finish(transaction);
      }
      this.#hooks.save(transaction);
    });
    // The log may grow as fast as a step of fixed size reads it.
    this.#replayRows *= 2;
  }

  *#enumerateAll(snapshot: Snapshot): IterableIterator<readonly [GraphNode, DeltaBatch]> {
    for (const input of this.#inputs) {
      const batches = enumerateNode(input, snapshot, (node) => {
        // Below a node that is enumerated twice (UNION ALL of one input) failures count once.
        if (!this.#uncounted.delete(node)) return newTally();
        node.changed = true;
        return node.tally;
      });
      for (const batch of batches) yield [input, batch];
    }
  }
}

/** The batch of a node that is collected from pieces. */
function batchOf(batches: Map<number, DeltaBatch>, id: number): DeltaBatch {
  let batch = batches.get(id);
  if (batch !== undefined) return batch;
  batch = new DeltaBatch();
  batch.repeats = true;
  batches.set(id, batch);
  return batch;
}
