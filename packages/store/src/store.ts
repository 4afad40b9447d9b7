/** One entry of an arrangement. Both buffers belong to the caller. */
export interface Entry {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** A half-open range of keys: `start` inclusive, `end` exclusive; absent means unbounded. */
export interface ScanOptions {
  readonly start?: Buffer;
  readonly end?: Buffer;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/**
 * Reads of one consistent snapshot. Arrangements are ordered maps from binary keys to binary values,
 * named by a positive integer that is never used twice.
 */
export interface ReadTransaction {
  get(arrangement: number, key: Buffer): Buffer | undefined;
  has(arrangement: number, key: Buffer): boolean;
  /** Entries in key order. The transaction must not be written to while the iterator is open. */
  scan(arrangement: number, options?: ScanOptions): IterableIterator<Entry>;
  /** Entries whose keys begin with `prefix`, in key order. */
  scanPrefix(arrangement: number, prefix: Buffer, limit?: number): IterableIterator<Entry>;
}

/** Reads see the transaction's own writes. */
export interface WriteTransaction extends ReadTransaction {
  put(arrangement: number, key: Buffer, value: Buffer): void;
  /** Puts the entry unless its key is there already: then false, and nothing is changed. */
  insert(arrangement: number, key: Buffer, value: Buffer): boolean;
  /** Puts entries, which are in the order of their keys. Those behind all others of the arrangement fill their pages, whatever lies behind these. */
  putAll(arrangement: number, entries: readonly Entry[]): void;
  /** True when the key was there. */
  remove(arrangement: number, key: Buffer): boolean;
}

/** A pinned snapshot: sees nothing of later commits. Close it soon: it keeps old pages alive. */
export interface Snapshot extends ReadTransaction {
  close(): void;
}

export interface StoreStats {
  readonly fileBytes: number;
  readonly usedBytes: number;
  readonly entries: number;
}

/** The writer's side of an environment; one writer per environment. */
export interface Store {
  /**
   * Runs `body` in one write transaction: all of it becomes visible at once, or, when it throws,
   * nothing does. Synchronous.
   */
  write<T>(body: (transaction: WriteTransaction) => T): T;
  /** Runs `body` on the newest committed state. */
  read<T>(body: (transaction: ReadTransaction) => T): T;
  snapshot(): Snapshot;
  /** Resolves when everything committed before the call is on disk. */
  flushed(): Promise<void>;
  /** Removes up to `maxEntries` entries of an arrangement; true when it is empty. */
  clear(arrangement: number, maxEntries: number): boolean;
  stats(): StoreStats;
  close(): Promise<void>;
}

/** A reader's side: any thread or process. */
export interface StoreReader {
  /** Runs `body` on the newest committed state. */
  read<T>(body: (transaction: ReadTransaction) => T): T;
  /**
   * Runs `body` on a state that was the newest at most `maxAgeMs` ago: many short reads share what it costs to look for a newer one.
   * Equal `version`s stand for one state, so that what was read of it need not be read again.
   */
  readRecent<T>(maxAgeMs: number, body: (transaction: ReadTransaction, version: number) => T): T;
  snapshot(): Snapshot;
  close(): Promise<void>;
}

/** Longest key an arrangement takes, in bytes. Longer ones are the caller's to shorten. */
export const MAX_KEY_BYTES = 1900;
