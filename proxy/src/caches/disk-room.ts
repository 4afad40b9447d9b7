import { statfs } from "node:fs/promises";
import { FreshetError, SqlState } from "@freshet/base";

/** Keeps what copies of tables and builds of caches write from filling the disk that the store is on. */
export class DiskRoom {
  readonly #folder: string;
  readonly #leastFree: number;

  /** `leastFree`: bytes that have to stay free; 0: no bound. */
  constructor(folder: string, leastFree: number) {
    this.#folder = folder;
    this.#leastFree = leastFree;
  }

  /** Rejects with a FreshetError when less is free, which does not pass by itself: what is given up frees its room in the store only. */
  async assertLeft(): Promise<void> {
    if (this.#leastFree === 0) return;
    const { bavail, bsize } = await statfs(this.#folder);
    if (bavail * bsize >= this.#leastFree) return;
    throw new FreshetError(SqlState.programLimitExceeded, "there is too little room left on the disk of the store", {
      detail: `Of it ${this.#leastFree} bytes have to stay free. The state of a join without an equality between its sides, say, is as large as their product.`,
      hint: "Cache a query with less state, use mode = 'invalidate', or give the store a larger disk (see --store-free-bytes).",
    });
  }
}
