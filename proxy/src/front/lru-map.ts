/** A map that forgets the least recently used entries beyond `capacity` of them, or beyond a weight of all keys together. */
export class LruMap<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #capacity: number;
  readonly #weigh: ((key: K) => number) | null;
  readonly #maxWeight: number;
  #weight = 0;
  /** What was used last stands last already: looking it up again moves nothing. */
  #newest: { readonly key: K; readonly value: V } | null = null;

  constructor(capacity: number, weights?: { readonly weigh: (key: K) => number; readonly max: number }) {
    this.#capacity = capacity;
    this.#weigh = weights?.weigh ?? null;
    this.#maxWeight = weights?.max ?? 0;
  }

  /** Of all keys. */
  get weight(): number {
    return this.#weight;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    if (this.#newest !== null && this.#newest.key === key) return this.#newest.value;
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    this.#newest = { key, value };
    return value;
  }

  set(key: K, value: V): void {
    this.#newest = null;
    const isNew = !this.#entries.delete(key);
    this.#entries.set(key, value);
    if (isNew && this.#weigh !== null) this.#weight += this.#weigh(key);
    while (this.#entries.size > this.#capacity || this.#weight > this.#maxWeight) {
      const oldest = this.#entries.keys().next();
      if (oldest.done === true) return;
      this.#entries.delete(oldest.value);
      if (this.#weigh !== null) this.#weight -= this.#weigh(oldest.value);
    }
  }

  values(): IterableIterator<V> {
    return this.#entries.values();
  }

  clear(): void {
    this.#entries.clear();
    this.#newest = null;
    this.#weight = 0;
  }
}
