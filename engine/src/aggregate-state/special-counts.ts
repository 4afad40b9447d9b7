import type { StateReader, StateWriter } from "./state-bytes.ts";

export type SpecialKind = "nan" | "infinity" | "-infinity";

/** How many NaNs and infinities are among the values: they decide the sum without being part of it. */
export class SpecialCounts {
  #nan = 0;
  #positive = 0;
  #negative = 0;

  get count(): number {
    return this.#nan + this.#positive + this.#negative;
  }

  /** Not the same as a count of 0 while more was taken back of one kind than added. */
  get isEmpty(): boolean {
    return this.#nan === 0 && this.#positive === 0 && this.#negative === 0;
  }

  add(kind: SpecialKind, weight: number): void {
    if (kind === "nan") this.#nan += weight;
    else if (kind === "infinity") this.#positive += weight;
    else this.#negative += weight;
  }

  /** What the sum is because of them; undefined when it is that of the finite values. */
  get verdict(): SpecialKind | undefined {
    if (this.#nan !== 0 || (this.#positive !== 0 && this.#negative !== 0)) return "nan";
    if (this.#positive !== 0) return "infinity";
    return this.#negative !== 0 ? "-infinity" : undefined;
  }

  write(out: StateWriter): void {
    out.integer(this.#nan);
    out.integer(this.#positive);
    out.integer(this.#negative);
  }

  read(source: StateReader): void {
    this.#nan = source.number();
    this.#positive = source.number();
    this.#negative = source.number();
  }
}
