import { must } from "@freshet/base";
import type { TableSchema } from "@freshet/contract";
import { LSN_ZERO, type Lsn, maxLsn } from "@freshet/values";

/** A table whose changes are handed to the sink. */
export interface TrackedTable {
  readonly schema: TableSchema;
  /** Its snapshot's LSN: earlier commits are in the snapshot. Null: pending, not known yet. */
  readonly since: Lsn | null;
}

interface Entry {
  schema: TableSchema;
  since: Lsn | null;
  settled: Promise<void>;
  settle: () => void;
}

/** The tables of interest, and how far their hand-over from snapshot to stream has come. */
export class TrackedTables {
  readonly #entries = new Map<number, Entry>();

  get(oid: number): TrackedTable | undefined {
    return this.#entries.get(oid);
  }

  get oids(): readonly number[] {
    return [...this.#entries.keys()];
  }

  /** The latest place of the log that a snapshot holds; null: that of a pending table is not known yet. */
  get latestSnapshot(): Lsn | null {
    let latest: Lsn = LSN_ZERO;
    for (const { since } of this.#entries.values()) {
      if (since === null) return null;
      latest = maxLsn(latest, since);
    }
    return latest;
  }

  /** Starts collecting the table's changes; they wait at the gate until `begun` or `remove`. */
  addPending(schema: TableSchema): void {
    this.remove(schema.oid);
    const { promise, resolve } = deferred();
    this.#entries.set(schema.oid, { schema, since: null, settled: promise, settle: resolve });
  }

  /** The sink knows the snapshot's LSN now: changes from there on may flow. */
  begun(oid: number, since: Lsn): void {
    const entry = must(this.#entries.get(oid), "a table is pending before it has begun");
    entry.since = since;
    entry.settle();
  }

  /** A table that the sink has had before this start. */
  addLive(schema: TableSchema): void {
    this.addPending(schema);
    this.begun(schema.oid, 0n);
  }

  remove(oid: number): void {
    const entry = this.#entries.get(oid);
    this.#entries.delete(oid);
    entry?.settle();
  }

  clear(): void {
    for (const oid of this.oids) this.remove(oid);
  }

  /** Resolves once it is decided what becomes of the table's changes. */
  async settled(oid: number): Promise<void> {
    await this.#entries.get(oid)?.settled;
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: (() => void) | undefined;
  const promise = new Promise<void>((accept) => {
    resolve = accept;
  });
  return { promise, resolve: must(resolve) };
}
