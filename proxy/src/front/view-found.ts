import type { Row } from "@freshet/values";

/** What one read has found so far. */
export interface Found {
  readonly wanted: number;
  readonly keys: readonly Buffer[];
  /** Those of the keys that have to be scanned. */
  readonly prefixes: readonly Buffer[];
  readonly headers: readonly Buffer[] | null;
  readonly maxBytes: number;
  readonly maxScanned: number;
  readonly filter: ((row: Row) => Row | undefined) | undefined;
  readonly sortLater: boolean;
  readonly result: Cut;
  readonly toSort: FoundRow[];
  /** Rows of the present key. */
  taken: number;
  bytes: number;
  scanned: number;
  matched: boolean;
}

interface FoundRow {
  readonly row: Row;
  readonly weight: number;
  readonly sortKey: Buffer;
}

export function bySortKey(a: FoundRow, b: FoundRow): number {
  return Buffer.compare(a.sortKey, b.sortKey);
}

/** Repeats rows by weight and keeps those in [offset, offset + limit). */
export class Cut {
  readonly rows: Row[] = [];
  #skip: number;
  readonly #wanted: number;

  constructor(offset: number, limit: number | null) {
    this.#skip = offset;
    this.#wanted = limit ?? Number.POSITIVE_INFINITY;
  }

  add(row: Row, weight: number): void {
    const skipped = Math.min(this.#skip, weight);
    this.#skip -= skipped;
    for (let copy = skipped; copy < weight && this.rows.length < this.#wanted; copy++) this.rows.push(row);
  }
}
