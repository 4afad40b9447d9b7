import { must } from "@freshet/base";
import { decodeOutboxDelta, outboxArrangement, outboxKeyLsn } from "@freshet/contract";
import type { Entry, ReadTransaction } from "@freshet/store";
import type { Lsn, Row } from "@freshet/values";
import type { CopyTuple } from "./copy-in.ts";

/** Deltas that bring a target from one LSN to a later one. */
export interface OutboxBatch {
  readonly lsn: Lsn;
  /**
   * To be applied one after the other, each with its retractions first. Within a segment each row occurs at most
   * once; a row of one may be retracted by the next.
   */
  segments(): Iterable<readonly CopyTuple[]>;
}

/**
 * The outbox behind `after`: as many whole LSNs as fit into `maxRows` deltas; at least one LSN, in several
 * segments when it is larger. Null when the outbox holds nothing later. The batch reads from `transaction`:
 * use it before that ends.
 */
export function nextBatch(
  transaction: ReadTransaction,
  cacheId: number,
  after: Lsn,
  maxRows: number,
): OutboxBatch | null {
  const lsn = measure(entriesAfter(transaction, cacheId, after), maxRows);
  if (lsn === null) return null;
  return { lsn, segments: () => consolidated(decoded(entriesAfter(transaction, cacheId, after), lsn), maxRows) };
}

function entriesAfter(transaction: ReadTransaction, cacheId: number, after: Lsn): Iterable<Entry> {
  const start = Buffer.alloc(8);
  start.writeBigUInt64BE(after + 1n, 0);
  return transaction.scan(outboxArrangement(cacheId), { start });
}

/** The last LSN whose deltas all lie within the first `maxRows` entries, or else the first LSN. */
function measure(entries: Iterable<Entry>, maxRows: number): Lsn | null {
  let current: Lsn | null = null;
  let complete: Lsn | null = null;
  let rows = 0;
  for (const entry of entries) {
    const lsn = outboxKeyLsn(entry.key);
    if (lsn !== current) {
      complete = current;
      current = lsn;
      if (complete !== null && rows >= maxRows) return complete;
    }
    rows++;
    if (complete !== null && rows > maxRows) return complete;
  }
  return current;
}

function* decoded(entries: Iterable<Entry>, upTo: Lsn): IterableIterator<CopyTuple> {
  for (const entry of entries) {
    if (outboxKeyLsn(entry.key) > upTo) return;
    yield decodeOutboxDelta(entry.value);
  }
}

/**
 * Cuts the outbox after every `maxRows` deltas. It may be cut anywhere: the engine writes the retractions of what one
 * run of its graph changed before the insertions, run after run.
 */
function* consolidated(deltas: Iterable<CopyTuple>, maxRows: number): IterableIterator<readonly CopyTuple[]> {
  const net = new Map<string, { readonly row: Row; weight: number }>();
  let taken = 0;
  for (const { row, weight } of deltas) {
    const key = row.toString("latin1");
    const known = net.get(key);
    if (known === undefined) net.set(key, { row, weight: must(weight) });
    else known.weight += must(weight);
    taken++;
    if (taken % maxRows !== 0) continue;
    yield nonZero(net);
    net.clear();
  }
  if (net.size > 0) yield nonZero(net);
}

function nonZero(net: ReadonlyMap<string, CopyTuple>): readonly CopyTuple[] {
  return [...net.values()].filter(({ weight }) => weight !== 0);
}
