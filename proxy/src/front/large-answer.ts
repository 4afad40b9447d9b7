import { setImmediate as turn } from "node:timers/promises";
import { must } from "@freshet/base";
import type { Lsn, Row } from "@freshet/values";
import type { Answer } from "../session/front-ports.ts";
import type { RenderedRows, ResultForms, RowRenderer } from "./answer.ts";

/** What is rendered of a large answer: its pieces, and the number of each one's first row. */
export interface Pieces {
  readonly pieces: readonly RenderedRows[];
  readonly starts: readonly number[];
  readonly count: number;
}

/** Renders piece by piece, with a turn of the event loop between them; undefined when a value's text form cannot be given exactly. */
export async function renderPieces(renderer: RowRenderer, rows: readonly Row[]): Promise<Pieces | undefined> {
  const pieces: RenderedRows[] = [];
  const starts: number[] = [];
  for (let from = 0; from < rows.length; from += must(pieces.at(-1)).ends.length) {
    const piece = renderer.renderPiece(rows, from);
    if (piece === undefined) return undefined;
    pieces.push(piece);
    starts.push(from);
    await turn();
  }
  return { pieces, starts, count: rows.length };
}

/** A hit whose rows leave piece by piece, at the pace of the client. */
export class LargeAnswer implements Answer {
  readonly kind = "hit";
  readonly cache: string;
  readonly lsn: Lsn;
  readonly rowCount: number;
  readonly #forms: ResultForms;
  readonly #rendered: Pieces;

  constructor(cache: string, lsn: Lsn, forms: ResultForms, rendered: Pieces) {
    this.cache = cache;
    this.lsn = lsn;
    this.rowCount = rendered.count;
    this.#forms = forms;
    this.#rendered = rendered;
  }

  rowDescription(formats: readonly number[]): Buffer {
    return this.#forms.rowDescription(formats);
  }

  dataRows(_formats: readonly number[], from: number, to: number): Buffer {
    return Buffer.concat([...this.pieces(from, to)]);
  }

  *pieces(from: number, to: number): IterableIterator<Buffer> {
    const { pieces, starts } = this.#rendered;
    let index = lastAtMost(starts, from);
    for (let at = from; at < to; index++) {
      const { bytes, ends } = must(pieces[index]);
      const start = must(starts[index]);
      const end = Math.min(to, start + ends.length);
      yield bytes.subarray(at === start ? 0 : ends[at - start - 1], ends[end - start - 1]);
      at = end;
    }
  }
}

/** The place of the last of these rising numbers that is not above `value`. */
function lastAtMost(numbers: readonly number[], value: number): number {
  let [low, high] = [0, numbers.length];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (must(numbers[middle]) <= value) low = middle;
    else high = middle;
  }
  return low;
}
