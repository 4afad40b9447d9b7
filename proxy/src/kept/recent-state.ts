import type { ReadTransaction, StoreReader } from "@freshet/store";
import type { Lsn } from "@freshet/values";
import type { Unavailable } from "../front/build-status.ts";
import type { CompiledCache } from "../front/compiled-caches.ts";
import type { ViewFollower } from "./view-follower.ts";

/** Answers made within this time share one state of the store, where it has all that they must see. */
export const SHARED_STATE_MS = 1;

/** The store's state that kept answers are given at: the newest at most SHARED_STATE_MS ago. */
export class RecentState {
  readonly #reader: () => StoreReader | null;
  readonly #follower: ViewFollower;
  #number = Number.NaN;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(reader: () => StoreReader | null, follower: ViewFollower) {
    this.#reader = reader;
    this.#follower = follower;
  }

  /** Its LSN; null where it cannot be read or the view is not to be read in it. May end kept answers. */
  lsn({ status }: CompiledCache, time: number): Lsn | null {
    const isRecent = time - this.#lookedAt < SHARED_STATE_MS;
    const known = isRecent ? status.known(this.#number) : null;
    const lsn = known ?? this.#look(status, isRecent, time);
    return typeof lsn === "bigint" ? lsn : null;
  }

  #look(status: CompiledCache["status"], isRecent: boolean, time: number): Lsn | Unavailable | null {
    const reader = this.#reader();
    if (reader === null) return null;
    const body = (transaction: ReadTransaction, version: number): Lsn | Unavailable => {
      this.#number = this.#follower.follow(transaction, version);
      return status.at(transaction, this.#number);
    };
    if (isRecent) return reader.readRecent(SHARED_STATE_MS, body);
    const lsn = reader.readRecent(0, body);
    this.#lookedAt = time;
    return lsn;
  }
}
