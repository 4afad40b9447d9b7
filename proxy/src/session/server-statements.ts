/** `pending`: its Parse is under way. `stale`: to be closed before it is parsed again. */
type StatementStatus = "pending" | "ready" | "stale";

/** The statements that one shared server connection knows, by their names there; the least recently used first. */
export class ServerStatements {
  readonly #names = new Map<string, StatementStatus>();

  get size(): number {
    return this.#names.size;
  }

  get names(): readonly string[] {
    return [...this.#names.keys()];
  }

  /** Looks one up and makes it the most recently used. */
  use(name: string): StatementStatus | undefined {
    const status = this.#names.get(name);
    if (status === undefined) return undefined;
    this.#names.delete(name);
    this.#names.set(name, status);
    return status;
  }

  set(name: string, status: StatementStatus): void {
    this.#names.set(name, status);
  }

  delete(name: string): void {
    this.#names.delete(name);
  }

  clear(): void {
    this.#names.clear();
  }

  /** Those over `capacity` that are no longer being parsed, least recently used first. */
  surplus(capacity: number): readonly string[] {
    const over = this.#names.size - capacity;
    if (over <= 0) return [];
    return [...this.#names].flatMap(([name, status]) => (status === "pending" ? [] : [name])).slice(0, over);
  }

  /** The plans may not fit the schema any more: each is to be made anew before it is used again. */
  retire(): void {
    for (const [name, status] of this.#names) if (status === "ready") this.#names.set(name, "stale");
  }
}
