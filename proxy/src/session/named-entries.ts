/** Puts a key back to what it was, or takes it out. */
function restore<T>(map: Map<string, T>, name: string, previous: T | undefined): void {
  if (previous === undefined) map.delete(name);
  else map.set(name, previous);
}

/** Prepared statements or portals by name. Each change returns how to take it back, for messages that the upstream skips. */
export class NamedEntries<T> {
  readonly #entries = new Map<string, T>();

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  get(name: string): T | undefined {
    return this.#entries.get(name);
  }

  set(name: string, entry: T): () => void {
    const previous = this.#entries.get(name);
    this.#entries.set(name, entry);
    return () => restore(this.#entries, name, previous);
  }

  delete(name: string): () => void {
    const previous = this.#entries.get(name);
    if (previous === undefined) return () => restore(this.#entries, name, undefined);
    this.#entries.delete(name);
    return () => restore(this.#entries, name, previous);
  }

  clear(): void {
    if (this.#entries.size > 0) this.#entries.clear();
  }

  values(): IterableIterator<T> {
    return this.#entries.values();
  }
}
