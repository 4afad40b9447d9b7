import { EventEmitter } from "node:events";
import { statSync } from "node:fs";
import { assert, now } from "@freshet/base";
import { type Transaction, TransactionFlags } from "lmdb";
import { type Environment, openEnvironment } from "./lmdb-environment.ts";
import { rangeOf } from "./lmdb-encoding.ts";
import { MANY_ENTRIES, takeFollowing } from "./lmdb-following.ts";
import { LmdbReads } from "./lmdb-reads.ts";
import { STATE_GONE, StateReads } from "./state-reads.ts";
import type { Entry, ReadTransaction, Snapshot, Store, StoreReader, StoreStats, WriteTransaction } from "./store.ts";

const INSERT = { noOverwrite: true } as const;

class LmdbWriteTransaction extends LmdbReads implements WriteTransaction {
  readonly #environment: Environment;

  constructor(environment: Environment) {
    super(environment.entries, null);
    this.#environment = environment;
  }

  put(arrangement: number, key: Buffer, value: Buffer): void {
    this.#environment.entries.putSync(this.transientKey(arrangement, key), value);
  }

  insert(arrangement: number, key: Buffer, value: Buffer): boolean {
    // lmdb's declarations leave out what it returns.
    const done = this.#environment.entries.putSync(this.transientKey(arrangement, key), value, INSERT) as unknown;
    return done === true;
  }

  putAll(arrangement: number, entries: readonly Entry[]): void {
    const following = this.#isBehindAll(arrangement, entries) ? takeFollowing(this.#environment, arrangement) : [];
    for (const { key, value } of entries) this.put(arrangement, key, value);
    for (const { key, value } of following) this.#environment.entries.putSync(key, value);
  }

  #isBehindAll(arrangement: number, entries: readonly Entry[]): boolean {
    const [first] = entries;
    if (first === undefined || entries.length < MANY_ENTRIES) return false;
    const [last] = this.scan(arrangement, { reverse: true, limit: 1 });
    return last === undefined || Buffer.compare(last.key, first.key) < 0;
  }

  remove(arrangement: number, key: Buffer): boolean {
    return this.#environment.entries.removeSync(this.transientKey(arrangement, key));
  }
}

class LmdbSnapshot extends LmdbReads implements Snapshot {
  #transaction: Transaction | null;

  constructor(environment: Environment, transaction: Transaction) {
    super(environment.entries, transaction);
    this.#transaction = transaction;
  }

  close(): void {
    this.#transaction?.done();
    this.#transaction = null;
  }
}

/** Reads of an environment; shared by readers and the writer. */
class LmdbStoreReader implements StoreReader {
  protected readonly environment: Environment;
  readonly #reads: LmdbReads;
  readonly #recent: StateReads;
  #depth = 0;
  #closed = false;
  /** Counts the states that this thread has seen, as lmdb tells of each. */
  #version = 0;
  #renewedAt = Number.NEGATIVE_INFINITY;

  constructor(environment: Environment) {
    this.environment = environment;
    this.#reads = new LmdbReads(environment.entries, null);
    assert(environment.entries instanceof EventEmitter, "lmdb's databases emit events");
    // Its `on` serves only the events of commits.
    environment.entries.addListener("begin-transaction", () => {
      this.#version++;
      this.#renewedAt = now();
    });
    this.#recent = new StateReads(environment.entries, () => this.#version);
  }

  /** A read inside a read sees the outer one's snapshot. */
  read<T>(body: (transaction: ReadTransaction) => T): T {
    if (this.#depth === 0) this.environment.entries.resetReadTxn();
    this.#depth++;
    try {
      return body(this.#reads);
    } finally {
      this.#depth--;
    }
  }

  readRecent<T>(maxAgeMs: number, body: (transaction: ReadTransaction, version: number) => T): T {
    if (this.#depth > 0) return this.#run(this.#reads, body);
    if (now() - this.#renewedAt < maxAgeMs) {
      try {
        return this.#run(this.#recent.of(this.#version), body);
      } catch (thrown) {
        if (thrown !== STATE_GONE) throw thrown;
      }
    }
    this.#renew();
    return this.#run(this.#reads, body);
  }

  #run<T>(reads: LmdbReads, body: (transaction: ReadTransaction, version: number) => T): T {
    this.#depth++;
    try {
      return body(reads, this.#version);
    } finally {
      this.#depth--;
    }
  }

  #renew(): void {
    const { entries } = this.environment;
    const before = this.#version;
    entries.resetReadTxn();
    entries.useReadTransaction().done();
    assert(this.#version !== before, "lmdb tells of each state that is read");
  }

  snapshot(): Snapshot {
    this.environment.entries.resetReadTxn();
    return new LmdbSnapshot(this.environment, this.environment.entries.useReadTransaction());
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.environment.root.close();
  }
}

/**
 * Readers in other threads see such a commit before it is flushed. The same call flushes it then: when
 * `transactionSync` returns, the commit is on disk.
 */
const VISIBLE_BEFORE_FLUSHED: TransactionFlags =
  TransactionFlags.ABORTABLE | TransactionFlags.SYNCHRONOUS_COMMIT | TransactionFlags.NO_SYNC_FLUSH;

class LmdbStore extends LmdbStoreReader implements Store {
  readonly #transaction: WriteTransaction;
  #writing = false;
  /** Why a commit that is visible is not on disk. */
  #unflushed: unknown = null;

  constructor(environment: Environment) {
    super(environment);
    this.#transaction = new LmdbWriteTransaction(environment);
  }

  write<T>(body: (transaction: WriteTransaction) => T): T {
    assert(!this.#writing, "write transactions do not nest");
    this.#writing = true;
    const { root } = this.environment;
    let committing = 0;
    try {
      return root.transactionSync(() => {
        const result = body(this.#transaction);
        committing = root.getWriteTxnId();
        return result;
      }, VISIBLE_BEFORE_FLUSHED);
    } catch (error) {
      if (committing > 0 && this.#lastCommit() >= committing) this.#unflushed = error;
      throw error;
    } finally {
      this.#writing = false;
    }
  }

  #lastCommit(): number {
    const { lastTxnId } = this.environment.root.getStats() as { readonly lastTxnId: number };
    return lastTxnId;
  }

  override read<T>(body: (transaction: ReadTransaction) => T): T {
    assert(!this.#writing, "inside a write transaction, read through it");
    return super.read(body);
  }

  override snapshot(): Snapshot {
    assert(!this.#writing, "a snapshot shows committed state: take it outside of a write transaction");
    return super.snapshot();
  }

  /** After a flush that failed nothing is known to be on disk: the environment must be opened anew. */
  async flushed(): Promise<void> {
    if (this.#unflushed !== null) throw this.#unflushed;
    await this.environment.root.flushed;
  }

  clear(arrangement: number, maxEntries: number): boolean {
    return this.write(() => {
      const entries = this.environment.entries;
      const keys = [...entries.getKeys({ ...rangeOf(arrangement, {}), limit: maxEntries })];
      for (const key of keys) entries.removeSync(key);
      return keys.length < maxEntries;
    });
  }

  stats(): StoreStats {
    const stats = this.environment.entries.getStats() as {
      readonly pageSize: number;
      readonly treeBranchPageCount: number;
      readonly treeLeafPageCount: number;
      readonly overflowPages: number;
      readonly entryCount: number;
    };
    const pages = stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages;
    return {
      fileBytes: statSync(this.environment.file).size,
      usedBytes: pages * stats.pageSize,
      entries: stats.entryCount,
    };
  }
}

/** Opens, or makes, the environment in `directory` for its one writer. */
export function openStore(directory: string): Store {
  return new LmdbStore(openEnvironment(directory));
}

/**
 * Opens the environment in `directory` for reading, from any thread of the process that writes it; with `foreign` from another process, while the
 * one that writes it has it open.
 */
export function openStoreReader(directory: string, foreign = false): StoreReader {
  return new LmdbStoreReader(openEnvironment(directory, foreign));
}
