/** Addresses that are remembered; beyond it the one that failed longest ago is forgotten. */
const MAX_ADDRESSES = 10_000;
const MINUTE_MS = 60_000;

/** Counts failed logins by address, as a bucket that empties evenly: `perMinute` of them fill it. */
export class LoginFailures {
  readonly #perMinute: number;
  readonly #clock: () => number;
  readonly #buckets = new Map<string, { level: number; at: number }>();

  /** `perMinute` 0: nobody is ever refused. */
  constructor(perMinute: number, clock: () => number) {
    this.#perMinute = perMinute;
    this.#clock = clock;
  }

  failed(address: string): void {
    if (this.#perMinute === 0) return;
    const level = this.#level(address) + 1;
    this.#buckets.delete(address);
    this.#buckets.set(address, { level, at: this.#clock() });
    if (this.#buckets.size <= MAX_ADDRESSES) return;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }

  tooMany(address: string): boolean {
    // The last one counts as long as any of it is left.
    return this.#perMinute > 0 && this.#level(address) > this.#perMinute - 1;
  }

  get size(): number {
    return this.#buckets.size;
  }

  #level(address: string): number {
    const bucket = this.#buckets.get(address);
    if (bucket === undefined) return 0;
    return Math.max(0, bucket.level - ((this.#clock() - bucket.at) * this.#perMinute) / MINUTE_MS);
  }
}
