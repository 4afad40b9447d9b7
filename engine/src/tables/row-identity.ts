import { must } from "@freshet/base";
import type { TableSchema } from "@freshet/contract";
import { MAX_KEY_BYTES } from "@freshet/store";
import { type Row, UNCHANGED_LENGTH } from "@freshet/values";
import { RowView } from "../expression/row-view.ts";
import { pickColumns } from "../operators/source.ts";
import { digest } from "../state/multiset.ts";

const PLAIN_TAG = 0;
const DIGEST_TAG = 1;

/**
 * Keys of a table's rows by the replica identity's columns. PostgreSQL sends the old key whenever the
 * key's bytes change, so bytes identify a row; no codec is needed.
 */
export class RowIdentity {
  readonly #columns: number;
  readonly #positions: readonly number[];
  readonly #view = new RowView();
  readonly #oldView = new RowView();

  constructor(table: TableSchema) {
    this.#columns = table.columns.length;
    this.#positions = table.identity.kind === "key" ? table.identity.columns : [];
  }

  /** Null when a key column is not in the row (unchanged and not sent). */
  keyOf(row: Row): Buffer | null {
    this.#view.set(row, this.#columns);
    for (const position of this.#positions) if (this.#isUnchanged(position)) return null;
    const key = pickColumns(this.#view, this.#positions, 1);
    if (key.length > MAX_KEY_BYTES) return Buffer.concat([Buffer.from([DIGEST_TAG]), digest(key.subarray(1))]);
    key[0] = PLAIN_TAG;
    return key;
  }

  /** `row` with its unchanged columns taken from `old`, which must then be there; null when it is not. */
  fill(row: Row, old: Row | null): Row | null {
    this.#view.set(row, this.#columns);
    const parts: Buffer[] = [];
    let from = 0;
    for (let index = 0; index < this.#columns; index++) {
      if (!this.#isUnchanged(index)) continue;
      if (old === null) return null;
      if (parts.length === 0) this.#oldView.set(old, this.#columns);
      const at = must(this.#view.offsets[index]);
      const oldFrom = must(this.#oldView.offsets[index]);
      const oldTo = must(this.#oldView.offsets[index + 1]);
      parts.push(row.subarray(from, at), old.subarray(oldFrom, oldTo));
      from = at + 4;
    }
    if (parts.length === 0) return row;
    parts.push(row.subarray(from));
    return Buffer.concat(parts);
  }

  #isUnchanged(index: number): boolean {
    return this.#view.buffer.readInt32BE(this.#view.offsets[index]) === UNCHANGED_LENGTH;
  }
}
