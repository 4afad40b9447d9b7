/** How the SELECTs of one file fared. */
export interface Offers {
  /** SELECTs outside transaction blocks that are not about the catalogs. */
  readonly seen: number;
  /** Offered to CREATE CACHE: the same text twice counts twice, though a cache that exists is not made again. */
  readonly offered: number;
  readonly cached: number;
  /** Statements that the caches then answered. */
  readonly hits: number;
  readonly all: readonly Offer[];
}

/** `error` is the message of the refusal. */
export type OfferOutcome =
  | { readonly kind: "cached" | "unanswered" }
  | { readonly kind: "refused"; readonly error: string };

/** What became of one offer. */
export interface Offer {
  readonly text: string;
  readonly outcome: OfferOutcome;
  readonly ms: number;
}

/** Counts one file's offers and keeps them within a time, for a cache takes longer to make than most of the suite's SELECTs to run. */
export class OfferLedger {
  readonly #budgetMs: number;
  readonly #cached = new Set<string>();
  #spentMs = 0;
  #seen = 0;
  #offered = 0;
  readonly #all: Offer[] = [];

  constructor(budgetMs: number) {
    this.#budgetMs = budgetMs;
  }

  /** Whether to offer a SELECT that has been seen. */
  mayOffer(text: string): boolean {
    this.#seen += 1;
    if (this.#cached.has(text)) {
      this.#offered += 1;
      return false;
    }
    return this.#spentMs < this.#budgetMs;
  }

  offered(offer: Offer): void {
    this.#offered += 1;
    this.#spentMs += offer.ms;
    this.#all.push(offer);
    if (offer.outcome.kind === "cached") this.#cached.add(offer.text);
  }

  counts(hits: number): Offers {
    return { seen: this.#seen, offered: this.#offered, cached: this.#cached.size, hits, all: this.#all };
  }
}
