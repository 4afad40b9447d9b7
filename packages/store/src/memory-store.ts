import { assert } from "@freshet/base";
import {
  environmentKey,
  environmentPrefixRange,
  environmentRange,
  ID_BYTES,
  type KeyRange,
} from "./arrangement-key.ts";
import {
  EMPTY_TREE,
  treeGet,
  type TreeNode,
  treePut,
  treeRange,
  treeRangeReverse,
  treeRemove,
} from "./persistent-tree.ts";
import type {
  Entry,
  ReadTransaction,
  ScanOptions,
  Snapshot,
  Store,
  StoreReader,
  StoreStats,
  WriteTransaction,
} from "./store.ts";

function* entriesOf(root: TreeNode, range: KeyRange, reverse: boolean, limit: number): IterableIterator<Entry> {
  if (limit <= 0) return;
  let count = 0;
  for (const [key, value] of (reverse ? treeRangeReverse : treeRange)(root, range.start, range.end)) {
    yield { key: Buffer.from(key.subarray(ID_BYTES)), value: Buffer.from(value) };
    if (++count >= limit) return;
  }
}

class MemoryReads implements Snapshot {
  readonly #root: () => TreeNode;

  constructor(root: () => TreeNode) {
    this.#root = root;
  }

  get(arrangement: number, key: Buffer): Buffer | undefined {
    const value = treeGet(this.#root(), environmentKey(arrangement, key));
    return value === undefined ? undefined : Buffer.from(value);
  }

  has(arrangement: number, key: Buffer): boolean {
    return treeGet(this.#root(), environmentKey(arrangement, key)) !== undefined;
  }

  scan(arrangement: number, options: ScanOptions = {}): IterableIterator<Entry> {
    const limit = options.limit ?? Number.POSITIVE_INFINITY;
    return entriesOf(this.#root(), environmentRange(arrangement, options), options.reverse === true, limit);
  }

  scanPrefix(arrangement: number, prefix: Buffer, limit: number = Number.POSITIVE_INFINITY): IterableIterator<Entry> {
    return entriesOf(this.#root(), environmentPrefixRange(arrangement, prefix), false, limit);
  }

  close(): void {
    // The garbage collector frees what only this snapshot holds.
  }
}

class MemoryWriteTransaction extends MemoryReads implements WriteTransaction {
  root: TreeNode;
  readonly #edit: object = {};
  /** Change of the number of entries. */
  added = 0;
  bytesAdded = 0;

  constructor(root: TreeNode) {
    super(() => this.root);
    this.root = root;
  }

  put(arrangement: number, key: Buffer, value: Buffer): void {
    const whole = environmentKey(arrangement, key);
    const before = treeGet(this.root, whole);
    if (before === undefined) {
      this.added++;
      this.bytesAdded += whole.length + value.length;
    } else this.bytesAdded += value.length - before.length;
    this.root = treePut(this.root, whole, Buffer.from(value), this.#edit);
  }

  insert(arrangement: number, key: Buffer, value: Buffer): boolean {
    if (this.has(arrangement, key)) return false;
    this.put(arrangement, key, value);
    return true;
  }

  putAll(arrangement: number, entries: readonly Entry[]): void {
    for (const { key, value } of entries) this.put(arrangement, key, value);
  }

  remove(arrangement: number, key: Buffer): boolean {
    const whole = environmentKey(arrangement, key);
    const before = treeGet(this.root, whole);
    if (before === undefined) return false;
    this.added--;
    this.bytesAdded -= whole.length + before.length;
    this.root = treeRemove(this.root, whole, this.#edit);
    return true;
  }
}

/** The store's twin in memory: same behaviour, nothing on disk. For tests. */
export class MemoryStore implements Store {
  #root: TreeNode = EMPTY_TREE;
  #entries = 0;
  #bytes = 0;
  #writing = false;
  #version = 0;

  write<T>(body: (transaction: WriteTransaction) => T): T {
    assert(!this.#writing, "write transactions do not nest");
    this.#writing = true;
    try {
      const transaction = new MemoryWriteTransaction(this.#root);
      const result = body(transaction);
      this.#root = transaction.root;
      this.#version++;
      this.#entries += transaction.added;
      this.#bytes += transaction.bytesAdded;
      return result;
    } finally {
      this.#writing = false;
    }
  }

  read<T>(body: (transaction: ReadTransaction) => T): T {
    assert(!this.#writing, "inside a write transaction, read through it");
    return body(this.snapshot());
  }

  snapshot(): Snapshot {
    assert(!this.#writing, "a snapshot shows committed state: take it outside of a write transaction");
    const root = this.#root;
    return new MemoryReads(() => root);
  }

  /** A reader of this store's state. */
  reader(): StoreReader {
    return {
      read: (body) => this.read(body),
      readRecent: (_maxAgeMs, body) => this.read((transaction) => body(transaction, this.#version)),
      snapshot: () => this.snapshot(),
      close: () => Promise.resolve(),
    };
  }

  flushed(): Promise<void> {
    return Promise.resolve();
  }

  clear(arrangement: number, maxEntries: number): boolean {
    return this.write((transaction) => {
      const keys = [...transaction.scan(arrangement, { limit: maxEntries })].map((entry) => entry.key);
      for (const key of keys) transaction.remove(arrangement, key);
      return keys.length < maxEntries;
    });
  }

  stats(): StoreStats {
    return { fileBytes: this.#bytes, usedBytes: this.#bytes, entries: this.#entries };
  }

  /** Keeps its content, so that a test can open an engine on it again. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}
