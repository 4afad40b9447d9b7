import type { Accumulator } from "../aggregate-state/accumulator.ts";
import type { RowRange } from "./exclusion.ts";
import type { WindowRows } from "./window-rows.ts";

/** A reversible state over a frame that moves on: rows are taken in at its end and back at its start. */
export class MovingState {
  readonly #accumulator: Accumulator;
  readonly #rows: WindowRows;
  readonly #index: number;
  #state: ReturnType<Accumulator["create"]>;
  #from = 0;
  #to = 0;

  constructor(accumulator: Accumulator, rows: WindowRows, index: number) {
    this.#accumulator = accumulator;
    this.#rows = rows;
    this.#index = index;
    this.#state = accumulator.create();
  }

  #add(from: number, to: number, weight: number): void {
    for (let row = from; row < to; row++) {
      const args = this.#rows.args(row, this.#index);
      if (args !== null) this.#state.add(args[0] ?? null, weight);
    }
  }

  moveTo(from: number, to: number): void {
    if (from >= this.#to) {
      this.#state = this.#accumulator.create();
      this.#from = from;
      this.#to = from;
    }
    this.#add(this.#from, from, -1);
    this.#add(this.#to, to, 1);
    this.#from = from;
    this.#to = Math.max(this.#to, to);
  }

  /** The value without the rows that are left out. */
  resultWithout(left: readonly RowRange[]): Buffer | null {
    for (const { from, to } of left) this.#add(from, to, -1);
    try {
      return this.#state.result();
    } finally {
      for (const { from, to } of left) this.#add(from, to, 1);
    }
  }
}

/** What of [start, end) is not in `included`. */
export function leftOut(included: readonly RowRange[], start: number, end: number): readonly RowRange[] {
  const gaps: { from: number; to: number }[] = [];
  let at = start;
  for (const { from, to } of included) {
    if (at < from) gaps.push({ from: at, to: from });
    at = to;
  }
  if (at < end) gaps.push({ from: at, to: end });
  return gaps;
}
