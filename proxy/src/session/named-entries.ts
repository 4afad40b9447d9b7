/** One entry in its place among those that had the name before and after. Nothing that is there keeps what it stands on in memory: only `Undo` does. */
interface Version<T> {
  readonly entry: T;
  /** How the entry that took its place is taken back. */
  above: Undo<T> | null;
  /** Once it has been taken back: what is left in its place. */
  takenBack: { readonly below: Version<T> | undefined } | null;
}

interface Undo<T> {
  below: Version<T> | undefined;
}

const NOTHING_DELETED = (): void => undefined;

/**
 * Prepared statements or portals by name. Each change returns how to take it back, for messages that the upstream skips; a change that was made on top of it
 * meanwhile stands, and goes back to what is left below when it is taken back in its turn.
 */
export class NamedEntries<T> {
  readonly #entries = new Map<string, Version<T>>();

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  get(name: string): T | undefined {
    return this.#entries.get(name)?.entry;
  }

  set(name: string, entry: T): () => void {
    const below = this.#entries.get(name);
    const version: Version<T> = { entry, above: null, takenBack: null };
    const undo: Undo<T> = { below };
    if (below !== undefined) below.above = undo;
    this.#entries.set(name, version);
    return () => this.#takeBack(name, version, undo);
  }

  delete(name: string): () => void {
    const previous = this.#entries.get(name);
    if (previous === undefined) return NOTHING_DELETED;
    this.#entries.delete(name);
    return () => {
      let left: Version<T> | undefined = previous;
      while (left?.takenBack != null) left = left.takenBack.below;
      if (left !== undefined && !this.#entries.has(name)) this.#entries.set(name, left);
    };
  }

  clear(): void {
    if (this.#entries.size > 0) this.#entries.clear();
  }

  *values(): IterableIterator<T> {
    for (const { entry } of this.#entries.values()) yield entry;
  }

  #takeBack(name: string, version: Version<T>, { below }: Undo<T>): void {
    const { above } = version;
    version.takenBack = { below };
    if (below !== undefined) below.above = above;
    if (above !== null) above.below = below;
    if (this.#entries.get(name) !== version) return;
    if (below === undefined) this.#entries.delete(name);
    else this.#entries.set(name, below);
  }
}
