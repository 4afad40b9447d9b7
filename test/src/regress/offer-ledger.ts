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

const CACHES_AT_ONCE = 20;

/** Counts one file's offers and keeps them within a time, for a cache takes longer to make than most of the suite's SELECTs to run. */
export class OfferLedger {
  readonly #budgetMs: number;
  /** Texts of the caches that are there, oldest first. */
  readonly #cached = new Set<string>();
  #made = 0;
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
    if (offer.outcome.kind !== "cached") return;
    this.#cached.add(offer.text);
    this.#made += 1;
  }

  /** Whether so many caches are there that DDL, behind which all are compared, would take longer than what is tested. */
  get full(): boolean {
    return this.#cached.size >= CACHES_AT_ONCE;
  }

  /** All caches were dropped. */
  dropped(): void {
    this.#cached.clear();
  }

  counts(hits: number): Offers {
    return { seen: this.#seen, offered: this.#offered, cached: this.#made, hits, all: this.#all };
  }
}
