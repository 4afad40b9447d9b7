import type { Lsn } from "@freshet/values";
import type { Answer } from "../session/front-ports.ts";
import type { AnswerRows } from "./answer-store.ts";

/** A hit whose messages are those that the upstream sent for the same formats. */
export class StoredRows implements Answer {
  readonly kind = "hit";
  readonly cache: string;
  readonly lsn: Lsn;
  readonly timed: boolean;
  readonly #rows: AnswerRows;

  constructor(cache: string, lsn: Lsn, rows: AnswerRows, timed: boolean) {
    this.cache = cache;
    this.lsn = lsn;
    this.timed = timed;
    this.#rows = rows;
  }

  get rowCount(): number {
    return this.#rows.ends.length;
  }

  rowDescription(_formats: readonly number[]): Buffer {
    return this.#rows.rowDescription;
  }

  dataRows(_formats: readonly number[], from: number, to: number): Buffer {
    const { data, ends } = this.#rows;
    return data.subarray(from === 0 ? 0 : ends[from - 1], to === 0 ? 0 : ends[to - 1]);
  }
}
