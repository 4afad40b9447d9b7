/** After keeping that did not pay, so many times as many questions as it took pass before it is tried again. */
const REST = 16;

/**
 * Whether answers are worth keeping: an answer costs more to keep than it saves unless it is asked for again before it is forgotten, which
 * answers to evenly spread questions about more than there is room for are not. Judged each time that half of the budget has been filled.
 */
export class KeepingWorth {
  readonly #trialBytes: number;
  #questions = 0;
  #hits = 0;
  #added = 0;
  #addedBytes = 0;
  /** Questions until keeping is tried again; 0: it goes on. */
  #rest = 0;

  constructor(maxBytes: number) {
    this.#trialBytes = maxBytes / 2;
  }

  /** Whether new answers should be kept. */
  get pays(): boolean {
    return this.#rest === 0;
  }

  asked(): void {
    if (this.#rest === 0) this.#questions++;
    else this.#rest--;
  }

  hit(): void {
    this.#hits++;
  }

  added(bytes: number): void {
    this.#added++;
    this.#addedBytes += bytes;
    if (this.#addedBytes <= this.#trialBytes) return;
    if (this.#hits < this.#added) this.#rest = REST * this.#questions;
    this.#questions = 0;
    this.#hits = 0;
    this.#added = 0;
    this.#addedBytes = 0;
  }
}
