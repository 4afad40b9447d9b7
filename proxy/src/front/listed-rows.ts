import { readViewList } from "@freshet/contract";
import type { ByteWriter } from "@freshet/values";
import type { RowRenderer } from "./answer.ts";

/** Appends the rows of a view's lists (contract/view-list.ts) to `out` as DataRow messages, without an object for each. */
export class ListedRows {
  readonly #out: ByteWriter;
  #renderer: RowRenderer | null = null;
  #list: Buffer = NOTHING;
  #room = 0;
  #count = 0;
  #complete = true;

  constructor(out: ByteWriter) {
    this.#out = out;
  }

  get count(): number {
    return this.#count;
  }

  /** False: the rows are too large, or a value's text form cannot be given exactly. */
  get complete(): boolean {
    return this.#complete;
  }

  /** `maxBytes`: of stored rows. */
  begin(renderer: RowRenderer, maxBytes: number): void {
    this.#renderer = renderer;
    this.#room = maxBytes;
    this.#count = 0;
    this.#complete = true;
  }

  append(list: Buffer): void {
    this.#list = list;
    readViewList(list, this.#row);
  }

  readonly #row = (weight: number, _sortKey: number, row: number, end: number): void => {
    this.#room -= (end - row) * weight;
    if (this.#room < 0) this.#complete = false;
    for (let copy = 0; copy < weight && this.#complete; copy++) {
      this.#count++;
      if (this.#renderer?.append(this.#out, this.#list, row, end) !== true) this.#complete = false;
    }
  };
}

const NOTHING: Buffer = Buffer.alloc(0);
