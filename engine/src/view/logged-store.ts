import {
  CHANGES_HEAD_KEY,
  type ChangesHead,
  decodeChangesHead,
  encodeChangesHead,
  encodeViewChange,
  FIRST_VIEW_ARRANGEMENT,
  HEADER_TAG,
  META_ARRANGEMENT,
  VIEW_CHANGES_ARRANGEMENT,
  viewChangesKey,
  viewChangesNumber,
} from "@freshet/contract";
import type {
  Entry,
  ReadTransaction,
  ScanOptions,
  Snapshot,
  Store,
  StoreStats,
  WriteTransaction,
} from "@freshet/store";
import type { ViewStore, ViewTransaction } from "./view-store.ts";

/** A transaction whose keys would take more names the views alone. */
const MAX_LIST_BYTES = 32_768;
/** The log is cut when it is longer than this, in bytes or in states, to three quarters of it. */
const MAX_LOG_BYTES = 4 << 20;
const MAX_LOG_STATES = 4096;
/** Entries that one transaction cuts at most; more than one transaction adds. */
const CUT_ENTRIES = 2048;

const NO_CHANGES: ChangesHead = { number: 0, first: 1, bytes: 0 };

/**
 * Keeps the log of contract/view-changes.ts while it passes everything on to the store. A view's writer tells which keys it changes; of the headers
 * that a partial view has it sees for itself.
 */
export class LoggedStore implements ViewStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  write<T>(body: (transaction: ViewTransaction) => T): T {
    return this.#store.write((transaction) => {
      const logged = new LoggedTransaction(transaction);
      const result = body(logged);
      appendChanges(transaction, logged.takeChanges());
      return result;
    });
  }

  read<T>(body: (transaction: ReadTransaction) => T): T {
    return this.#store.read(body);
  }

  snapshot(): Snapshot {
    return this.#store.snapshot();
  }

  flushed(): Promise<void> {
    return this.#store.flushed();
  }

  /** A view that is cleared in pieces has no header that tells. */
  clear(arrangement: number, maxEntries: number): boolean {
    if (arrangement >= FIRST_VIEW_ARRANGEMENT) {
      const change = encodeViewChange(arrangement - FIRST_VIEW_ARRANGEMENT, null);
      this.#store.write((transaction) => appendChanges(transaction, change));
    }
    return this.#store.clear(arrangement, maxEntries);
  }

  stats(): StoreStats {
    return this.#store.stats();
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

class LoggedTransaction implements ViewTransaction {
  readonly #transaction: WriteTransaction;
  #changes: Buffer[] = [];
  #bytes = 0;
  /** Views in place of their keys, once these have become too many. */
  #views: Set<number> | null = null;

  constructor(transaction: WriteTransaction) {
    this.#transaction = transaction;
  }

  get(arrangement: number, key: Buffer): Buffer | undefined {
    return this.#transaction.get(arrangement, key);
  }

  has(arrangement: number, key: Buffer): boolean {
    return this.#transaction.has(arrangement, key);
  }

  scan(arrangement: number, options?: ScanOptions): IterableIterator<Entry> {
    return this.#transaction.scan(arrangement, options);
  }

  scanPrefix(arrangement: number, prefix: Buffer, limit?: number): IterableIterator<Entry> {
    return this.#transaction.scanPrefix(arrangement, prefix, limit);
  }

  put(arrangement: number, key: Buffer, value: Buffer): void {
    this.#noteHeader(arrangement, key);
    this.#transaction.put(arrangement, key, value);
  }

  insert(arrangement: number, key: Buffer, value: Buffer): boolean {
    this.#noteHeader(arrangement, key);
    return this.#transaction.insert(arrangement, key, value);
  }

  putAll(arrangement: number, entries: readonly Entry[]): void {
    for (const { key } of entries) this.#noteHeader(arrangement, key);
    this.#transaction.putAll(arrangement, entries);
  }

  remove(arrangement: number, key: Buffer): boolean {
    this.#noteHeader(arrangement, key);
    return this.#transaction.remove(arrangement, key);
  }

  takeChanges(): Buffer {
    if (this.#views === null) return Buffer.concat(this.#changes, this.#bytes);
    return Buffer.concat([...this.#views].map((cacheId) => encodeViewChange(cacheId, null)));
  }

  #noteHeader(arrangement: number, key: Buffer): void {
    if (arrangement < FIRST_VIEW_ARRANGEMENT || key[0] !== HEADER_TAG) return;
    this.keyChanged(arrangement - FIRST_VIEW_ARRANGEMENT, key.subarray(1));
  }

  keyChanged(cacheId: number, key: Buffer): void {
    if (this.#views !== null) {
      this.#views.add(cacheId);
      return;
    }
    const change = encodeViewChange(cacheId, key);
    this.#changes.push(change);
    this.#bytes += change.length;
    if (this.#bytes <= MAX_LIST_BYTES) return;
    this.#views = new Set(this.#changes.map((one) => one.readUInt32BE(0)));
    this.#changes = [];
  }
}

/** Gives the state that the transaction makes its number, with what it changed. */
function appendChanges(transaction: WriteTransaction, changes: Buffer): void {
  const stored = transaction.get(META_ARRANGEMENT, CHANGES_HEAD_KEY);
  const before = stored === undefined ? NO_CHANGES : decodeChangesHead(stored);
  let head: ChangesHead = { ...before, number: before.number + 1, bytes: before.bytes + changes.length };
  if (changes.length > 0) transaction.put(VIEW_CHANGES_ARRANGEMENT, viewChangesKey(head.number), changes);
  if (head.bytes > MAX_LOG_BYTES || head.number - head.first > MAX_LOG_STATES) head = cut(transaction, head);
  transaction.put(META_ARRANGEMENT, CHANGES_HEAD_KEY, encodeChangesHead(head));
}

/** Removes the oldest changes. */
function cut(transaction: WriteTransaction, { number, first, bytes }: ChangesHead): ChangesHead {
  const oldest = Math.max(first, number - (MAX_LOG_STATES / 4) * 3);
  let [kept, left] = [first, bytes];
  for (const { key, value } of [...transaction.scan(VIEW_CHANGES_ARRANGEMENT, { limit: CUT_ENTRIES })]) {
    const one = viewChangesNumber(key);
    if (one >= oldest && left <= (MAX_LOG_BYTES / 4) * 3) break;
    transaction.remove(VIEW_CHANGES_ARRANGEMENT, key);
    left -= value.length;
    kept = one + 1;
  }
  return { number, first: Math.max(kept, oldest), bytes: left };
}
