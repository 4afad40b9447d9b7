import { assert } from "@freshet/base";
import {
  type CacheDefinition,
  ENTRY_TAG,
  HEADER_TAG,
  type KeyOutcome,
  decodeKeyHeader,
  encodeKeyHeader,
  viewArrangement,
  viewKeyPrefix,
} from "@freshet/contract";
import { MAX_KEY_BYTES, type WriteTransaction } from "@freshet/store";
import { KeyWriter, type Lsn } from "@freshet/values";
import type { GraphNode } from "../graph/graph-node.ts";
import { type CompileContext, requireEquality } from "../operators/evaluate.ts";
import type { Codec } from "@freshet/values";
import { newTally, type Tally } from "../state/tally.ts";
import type { ViewSink } from "../view/view-sink.ts";
import type { ViewTransaction } from "../view/view-store.ts";
import { collectRows, rowsAtKey } from "./rows-at-key.ts";

/** What a key counts for beside its rows: so that keys without rows are bounded, too. */
export const KEY_COST = 100;

/** Headers that the hand passes in one scan. */
const HAND_STEP = 64;
/** Keys that are known as used at a time; beyond it the oldest are forgotten. */
const MAX_USED = 100_000;

/** The parts of a cache that filling needs. */
interface FilledCache {
  readonly output: GraphNode | null;
  readonly sink: ViewSink;
  readonly tally: Tally;
}

/**
 * Which keys a partial view holds: those with a header. A key that is filled is computed from the operators' state; from then on the
 * stream keeps it exact. When the view grows beyond its bound a clock's hand goes over the headers, and gives up keys that were not read since
 * it passed them last. (What was used is not kept over a restart.)
 */
export class PartialKeys {
  readonly #arrangement: number;
  readonly #maxBytes: number;
  readonly #columns: readonly number[];
  readonly #codecs: readonly Codec[];
  readonly #context: CompileContext;
  readonly #writer = new KeyWriter();
  readonly #used = new Set<string>();
  #hand: Buffer | null = null;

  constructor(definition: CacheDefinition, maxBytes: number, context: CompileContext) {
    const { equality, plan } = definition.plan;
    this.#arrangement = viewArrangement(definition.id);
    this.#maxBytes = maxBytes;
    this.#columns = equality.map(({ column }) => column);
    this.#codecs = this.#columns.map((column) => {
      const type = plan.columns[column];
      assert(type !== undefined, "a view's key names a column of the plan");
      return requireEquality(context, type);
    });
    this.#context = context;
  }

  /** `keys` begin with HEADER_TAG. */
  noteUsed(keys: readonly Buffer[]): void {
    for (const key of keys) this.#used.add(key.toString("latin1"));
    for (const oldest of this.#used) {
      if (this.#used.size <= MAX_USED) break;
      this.#used.delete(oldest);
    }
  }

  /** Makes the view hold a key, with its present rows. */
  fill(
    transaction: ViewTransaction,
    { output, sink, tally }: FilledCache,
    values: readonly Buffer[],
    lsn: Lsn,
  ): KeyOutcome {
    const key = viewKeyPrefix(this.#writer, HEADER_TAG, this.#codecs, values);
    if (output === null || values.length !== this.#columns.length || key.length > MAX_KEY_BYTES) return "refused";
    if (transaction.has(this.#arrangement, key)) return "kept";
    const rows = rowsAtKey(output, this.#columns, values, transaction, this.#context);
    const found = collectRows(rows, this.#maxBytes - KEY_COST);
    if (found === null) return "too large";
    transaction.put(this.#arrangement, key, encodeKeyHeader({ lsn, rows: 0, bytes: 0 }));
    // What could not be kept is counted already: of that, a partial view has the deltas of all keys.
    const filled = newTally();
    sink.apply(transaction, found, lsn, filled);
    tally.rows += filled.rows;
    tally.bytes += filled.bytes + KEY_COST;
    this.#used.add(key.toString("latin1"));
    return "kept";
  }

  /** Gives up keys until the view is within its bound; returns how many. */
  evict(transaction: WriteTransaction, tally: Tally): number {
    let evicted = 0;
    while (tally.bytes > this.#maxBytes) {
      const headers = [...transaction.scan(this.#arrangement, this.#ahead())];
      for (const { key, value } of headers) {
        this.#hand = Buffer.concat([key, Buffer.alloc(1)]);
        if (tally.bytes <= this.#maxBytes) return evicted;
        if (this.#used.delete(key.toString("latin1"))) continue;
        this.#remove(transaction, key, value, tally);
        evicted++;
      }
      if (headers.length > 0) continue;
      assert(this.#hand !== null, "a view without keys is within its bound");
      this.#hand = null;
    }
    return evicted;
  }

  #ahead(): { readonly start: Buffer; readonly end: Buffer; readonly limit: number } {
    return { start: this.#hand ?? Buffer.from([HEADER_TAG]), end: Buffer.from([ENTRY_TAG]), limit: HAND_STEP };
  }

  #remove(transaction: WriteTransaction, key: Buffer, header: Buffer, tally: Tally): void {
    const { rows, bytes } = decodeKeyHeader(header);
    const prefix = Buffer.from(key);
    prefix[0] = ENTRY_TAG;
    const entries = [...transaction.scanPrefix(this.#arrangement, prefix)].map((entry) => entry.key);
    for (const entry of entries) transaction.remove(this.#arrangement, entry);
    transaction.remove(this.#arrangement, key);
    tally.rows -= rows;
    tally.bytes -= bytes + KEY_COST;
  }
}
