import type { RowRange } from "./exclusion.ts";
import type { Extremum } from "./fold.ts";
import type { WindowRows } from "./window-rows.ts";

/** A row with an argument that is not NULL, and its key. */
type Candidate = { readonly value: Buffer; readonly key: Buffer } | null;

/**
 * min or max over ranges of rows: a tree over blocks of rows, each level holding the best of two below it, so that
 * any range costs O(log n). A frame that moves on and one with a hole (EXCLUDE) are then the same.
 */
export class FrameExtremum {
  readonly #extremum: Extremum;
  /** Levels from single rows up. */
  readonly #levels: (readonly Candidate[])[] = [];

  constructor(extremum: Extremum, rows: WindowRows, index: number) {
    this.#extremum = extremum;
    let level: readonly Candidate[] = Array.from({ length: rows.length }, (_unused, row) => {
      const value = rows.args(row, index)?.[0] ?? null;
      return value === null ? null : { value, key: extremum.keyOf(value) };
    });
    this.#levels.push(level);
    while (level.length > 1) {
      const below: readonly Candidate[] = level;
      level = Array.from({ length: below.length >> 1 }, (_unused, pair) =>
        this.#better(below[2 * pair] ?? null, below[2 * pair + 1] ?? null),
      );
      this.#levels.push(level);
    }
  }

  #better(earlier: Candidate, later: Candidate): Candidate {
    if (earlier === null) return later;
    if (later === null) return earlier;
    return this.#extremum.replaces(later.key, earlier.key) ? later : earlier;
  }

  of(ranges: readonly RowRange[]): Buffer | null {
    let best: Candidate = null;
    for (const { from, to } of ranges) {
      let at = from;
      while (at < to) {
        let level = 0;
        while (at % 2 ** (level + 1) === 0 && at + 2 ** (level + 1) <= to) level++;
        best = this.#better(best, this.#levels[level]?.[at / 2 ** level] ?? null);
        at += 2 ** level;
      }
    }
    return best?.value ?? null;
  }
}
