import { must } from "@freshet/base";
import { decodeOutboxDelta, outboxArrangement, outboxKeyLsn } from "@freshet/contract";
import type { Entry, ReadTransaction } from "@freshet/store";
import type { Lsn, Row } from "@freshet/values";
import type { CopyTuple } from "./copy-in.ts";

/** Deltas that bring a target from one LSN to a later one, each row at most once. */
export interface OutboxBatch {
  readonly lsn: Lsn;
  tuples(): Iterable<CopyTuple>;
}

/**
 * The outbox behind `after`: as many whole LSNs as fit into `maxRows` deltas, consolidated; at least
 * one LSN, which is streamed as it stands when it is larger (the engine consolidates within one LSN).
 * Null when the outbox holds nothing later. The batch reads from `transaction`: use it before that ends.
 */
export function nextBatch(
  transaction: ReadTransaction,
  cacheId: number,
  after: Lsn,
  maxRows: number,
): OutboxBatch | null {
  const extent = measure(entriesAfter(transaction, cacheId, after), maxRows);
  if (extent === null) return null;
  const { lsn } = extent;
  if (extent.lsns === 1) return { lsn, tuples: () => decoded(entriesAfter(transaction, cacheId, after), lsn) };
  return { lsn, tuples: () => consolidated(decoded(entriesAfter(transaction, cacheId, after), lsn)) };
}

function entriesAfter(transaction: ReadTransaction, cacheId: number, after: Lsn): Iterable<Entry> {
  const start = Buffer.alloc(8);
  start.writeBigUInt64BE(after + 1n, 0);
  return transaction.scan(outboxArrangement(cacheId), { start });
}

/** The last LSN whose deltas all lie within the first `maxRows` entries, or else the first LSN. */
function measure(entries: Iterable<Entry>, maxRows: number): { readonly lsn: Lsn; readonly lsns: number } | null {
  let current: Lsn | null = null;
  let complete: { readonly lsn: Lsn; readonly lsns: number } | null = null;
  let lsns = 0;
  let rows = 0;
  for (const entry of entries) {
    const lsn = outboxKeyLsn(entry.key);
    if (lsn !== current) {
      if (current !== null) complete = { lsn: current, lsns };
      if (complete !== null && rows >= maxRows) return complete;
      current = lsn;
      lsns++;
    }
    rows++;
    if (complete !== null && rows > maxRows) return complete;
  }
  return current === null ? null : { lsn: current, lsns };
}

function* decoded(entries: Iterable<Entry>, upTo: Lsn): IterableIterator<CopyTuple> {
  for (const entry of entries) {
    if (outboxKeyLsn(entry.key) > upTo) return;
    yield decodeOutboxDelta(entry.value);
  }
}

function consolidated(deltas: Iterable<CopyTuple>): Iterable<CopyTuple> {
  const net = new Map<string, { readonly row: Row; weight: number }>();
  for (const { row, weight } of deltas) {
    const key = row.toString("latin1");
    const known = net.get(key);
    if (known === undefined) net.set(key, { row, weight: must(weight) });
    else known.weight += must(weight);
  }
  return [...net.values()].filter(({ weight }) => weight !== 0);
}
