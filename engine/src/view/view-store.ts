import type { Store, WriteTransaction } from "@freshet/store";

/** A transaction that views are written in. */
export interface ViewTransaction extends WriteTransaction {
  /** Tells that the rows of one key (its equality columns', as in contract/view-layout.ts) of a cache's view change. */
  keyChanged(cacheId: number, key: Buffer): void;
}

/** A store whose transactions take note of the keys of views that they change. */
export interface ViewStore extends Store {
  write<T>(body: (transaction: ViewTransaction) => T): T;
}
