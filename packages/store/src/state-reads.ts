import type { Database } from "lmdb";
import type { EnvironmentKey } from "./lmdb-encoding.ts";
import { LmdbReads } from "./lmdb-reads.ts";
import type { Entry, ScanOptions } from "./store.ts";

/** Thrown by the first read that would see another state than the one it was begun for. */
export const STATE_GONE: Error = new Error("the state of the store was given up");

/**
 * Reads of the state that the thread has read last, without asking lmdb each time whether it still has it: lmdb's timers give states up by themselves, and
 * the next read takes up the newest one, of which lmdb tells. Such a read, and what it would have returned, ends with STATE_GONE.
 */
export class StateReads extends LmdbReads {
  readonly #entries: Database<Buffer, EnvironmentKey>;
  readonly #present: () => number;
  #version = -1;

  /** `present`: the number of the thread's present state, which rises as soon as lmdb takes up a new one. */
  constructor(entries: Database<Buffer, EnvironmentKey>, present: () => number) {
    super(entries, null);
    this.#entries = entries;
    this.#present = present;
  }

  /** For reads of the state with this number, from now on and until the caller returns to the event loop. */
  of(version: number): this {
    this.#version = version;
    return this;
  }

  override get(arrangement: number, key: Buffer): Buffer | undefined {
    const value = super.get(arrangement, key);
    this.#check();
    return value;
  }

  override scan(arrangement: number, options?: ScanOptions): IterableIterator<Entry> {
    this.#secure();
    return super.scan(arrangement, options);
  }

  override scanPrefix(arrangement: number, prefix: Buffer, limit?: number): IterableIterator<Entry> {
    this.#secure();
    return super.scanPrefix(arrangement, prefix, limit);
  }

  /** Iterators read later, but before a timer runs. */
  #secure(): void {
    this.#entries.useReadTransaction().done();
    this.#check();
  }

  #check(): void {
    if (this.#present() !== this.#version) throw STATE_GONE;
  }
}
