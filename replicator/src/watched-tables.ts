import type { WatchedTable } from "@freshet/contract";

/** The tables of which only the touches are wanted. */
export class WatchedTables {
  readonly #columns = new Map<number, readonly string[]>();

  get oids(): readonly number[] {
    return [...this.#columns.keys()];
  }

  watch(tables: readonly WatchedTable[]): void {
    for (const { tableOid, columns } of tables) this.#columns.set(tableOid, columns);
  }

  unwatch(oids: readonly number[]): void {
    for (const oid of oids) this.#columns.delete(oid);
  }

  clear(): void {
    this.#columns.clear();
  }

  /** The columns wanted of the table; undefined when it is not watched. */
  columns(oid: number): readonly string[] | undefined {
    return this.#columns.get(oid);
  }
}
