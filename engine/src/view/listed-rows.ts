import { assert } from "@freshet/base";
import { decodeViewList, encodeViewList, type ListedRow, listedRowBytes } from "@freshet/contract";

/** A list is written anew with each change of one of its rows. */
const MAX_LIST_BYTES = 1024;

/** A list of contract/view-list.ts that is being changed. */
export class ListedRows {
  readonly #rows: ListedRow[];
  #bytes = 0;

  /** `stored` is not the mark of rows in entries of their own. */
  constructor(stored: Buffer | undefined) {
    this.#rows = stored === undefined ? [] : decodeViewList(stored);
    for (const row of this.#rows) this.#bytes += listedRowBytes(row);
  }

  /** Whether they may be in one entry. A single row may, whatever its length. */
  get fits(): boolean {
    return this.#bytes <= MAX_LIST_BYTES || this.#rows.length === 1;
  }

  get rows(): readonly ListedRow[] {
    return this.#rows;
  }

  add(delta: ListedRow): void {
    const rows = this.#rows;
    let at = 0;
    let comparison = -1;
    for (; at < rows.length; at++) {
      comparison = compareRows(delta, rows[at] as ListedRow);
      if (comparison <= 0) break;
    }
    const present = comparison === 0 ? rows[at] : undefined;
    const weight = (present?.weight ?? 0) + delta.weight;
    assert(weight >= 0, "a view's row would have a negative weight");
    if (present !== undefined && weight > 0) rows[at] = { ...present, weight };
    else if (present !== undefined) {
      rows.splice(at, 1);
      this.#bytes -= listedRowBytes(present);
    } else {
      rows.splice(at, 0, delta);
      this.#bytes += listedRowBytes(delta);
    }
  }

  /** Null when there is no row. */
  encoded(): Buffer | null {
    return this.#rows.length === 0 ? null : encodeViewList(this.#rows);
  }
}

function compareRows(left: ListedRow, right: ListedRow): number {
  return Buffer.compare(left.sortKey, right.sortKey) || Buffer.compare(left.row, right.row);
}
