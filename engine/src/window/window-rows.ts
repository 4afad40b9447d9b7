import type { Value } from "@freshet/values";
import { arePeers, type CallArguments, type WindowEntry } from "./partition-entries.ts";

/** A stretch of a partition as it was before the batch, or is after it: every copy of a row by itself, in window order. */
export class WindowRows {
  readonly #entries: readonly WindowEntry[];
  readonly #groupOf: Int32Array;
  /** First row of each peer group, then the number of rows. */
  readonly #groupStarts: readonly number[];

  constructor(entries: readonly WindowEntry[], side: "before" | "after") {
    const rows: WindowEntry[] = [];
    const groupStarts: number[] = [];
    const groupOf: number[] = [];
    for (const entry of entries) {
      const copies = entry[side];
      if (copies === 0) continue;
      const last = rows.at(-1);
      if (last === undefined || !arePeers(last, entry)) groupStarts.push(rows.length);
      for (let copy = 0; copy < copies; copy++) {
        rows.push(entry);
        groupOf.push(groupStarts.length - 1);
      }
    }
    groupStarts.push(rows.length);
    this.#entries = rows;
    this.#groupOf = Int32Array.from(groupOf);
    this.#groupStarts = groupStarts;
  }

  get length(): number {
    return this.#entries.length;
  }

  entry(row: number): WindowEntry {
    return this.#entries[row] as WindowEntry;
  }

  args(row: number, call: number): CallArguments {
    return this.entry(row).args[call] as CallArguments;
  }

  sortValue(row: number): Value | null {
    return this.entry(row).sortValue;
  }

  groupOf(row: number): number {
    return this.#groupOf[row] as number;
  }

  /** First row of a peer group; before the first group the first row, behind the last one the number of rows. */
  groupStart(group: number): number {
    if (group <= 0) return 0;
    return this.#groupStarts[Math.min(group, this.#groupStarts.length - 1)] as number;
  }
}
