import { AssertionError } from "@freshet/base";
import type { Change, TableSchema } from "@freshet/contract";
import type { WriteTransaction } from "@freshet/store";
import type { Row } from "@freshet/values";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { compareKeys } from "../state/compare-keys.ts";
import { addWeight, decodeMultisetEntry, multisetKey } from "../state/multiset.ts";
import type { Tally } from "../state/tally.ts";
import { RowIdentity } from "./row-identity.ts";

/** A key's row before and after the changes taken in so far. */
interface PendingRow {
  readonly key: Buffer;
  readonly before: Row | null;
  after: Row | null;
}

const NO_PREFIX: Buffer = Buffer.alloc(0);
const TRUNCATE_ROWS = 1024;

/** The changes and the stored rows of a table do not fit together: the table must be loaded anew. */
export class DivergenceError extends Error {
  override readonly name = "DivergenceError";
}

function diverged(what: string): DivergenceError {
  return new DivergenceError(what);
}

/**
 * The stored rows of one table: by identity key, or as a multiset when the identity is the whole row.
 * Takes in changes, and on `flush` writes what they amount to, in key order, and yields the deltas.
 * Throws DivergenceError where a change does not fit; the table's state is void then.
 */
export class TableRows {
  readonly #arrangement: number;
  readonly #identity: RowIdentity;
  readonly #full: boolean;
  readonly #pending = new Map<string, PendingRow>();
  /** Identity full: change of each row's count. */
  readonly #counts = new Map<string, { readonly row: Row; delta: number }>();

  constructor(table: TableSchema, arrangement: number) {
    this.#arrangement = arrangement;
    this.#identity = new RowIdentity(table);
    this.#full = table.identity.kind === "full";
  }

  /** Rows with pending changes: what `flush` will hold in memory. */
  get pending(): number {
    return this.#pending.size + this.#counts.size;
  }

  /** Takes in a change of a row (not a truncation or a change of the schema). */
  change(transaction: WriteTransaction, change: Change): void {
    try {
      if (change.kind === "insert") this.#insert(transaction, change.row);
      else if (change.kind === "delete") this.#delete(transaction, change.row);
      else if (change.kind === "update") this.#update(transaction, change.old, change.row);
    } catch (error) {
      if (error instanceof AssertionError) throw diverged(error.message);
      throw error;
    }
  }

  /** Writes rows of the initial snapshot, which holds each key once. */
  load(transaction: WriteTransaction, rows: Iterable<Row>, tally: Tally): void {
    if (this.#full) {
      for (const row of rows) this.#count(row, 1);
      this.flush(transaction, tally);
      return;
    }
    const entries = Array.from(rows, (row) => ({ key: this.#keyOf(row), value: row }));
    entries.sort((a, b) => compareKeys(a.key, b.key));
    transaction.putAll(this.#arrangement, entries);
    for (const { key, value } of entries) tally.bytes += key.length + value.length;
    tally.rows += entries.length;
  }

  flush(transaction: WriteTransaction, tally: Tally): DeltaBatch {
    return this.#full ? this.#flushCounts(transaction, tally) : this.#flushKeyed(transaction, tally);
  }

  discard(): void {
    this.#pending.clear();
    this.#counts.clear();
  }

  /** Removes all rows; their deltas go to `emit` in batches. Nothing may be pending. */
  truncate(transaction: WriteTransaction, tally: Tally, emit: (deltas: DeltaBatch) => void): void {
    for (;;) {
      const page = [...transaction.scan(this.#arrangement, { limit: TRUNCATE_ROWS })];
      const deltas = new DeltaBatch();
      for (const entry of page) {
        const { row, weight } = this.#full ? decodeMultisetEntry(entry) : { row: entry.value, weight: 1 };
        transaction.remove(this.#arrangement, entry.key);
        tally.rows -= weight;
        tally.bytes -= entry.key.length + entry.value.length;
        deltas.push(row, -weight);
      }
      if (deltas.length > 0) emit(deltas);
      if (page.length < TRUNCATE_ROWS) return;
    }
  }

  #insert(transaction: WriteTransaction, row: Row): void {
    const whole = this.#identity.fill(row, null);
    if (whole === null) throw diverged("an inserted row lacks columns");
    if (this.#full) return this.#count(whole, 1);
    const pending = this.#at(transaction, this.#keyOf(whole));
    if (pending.after !== null) throw diverged("an inserted row's key is taken");
    pending.after = whole;
  }

  #delete(transaction: WriteTransaction, row: Row): void {
    if (this.#full) return this.#count(row, -1);
    const pending = this.#at(transaction, this.#keyOf(row));
    if (pending.after === null) throw diverged("a deleted row is not there");
    pending.after = null;
  }

  #update(transaction: WriteTransaction, old: Row | null, row: Row): void {
    if (this.#full) {
      const whole = this.#identity.fill(row, old);
      if (old === null || whole === null) throw diverged("an update lacks its old row");
      this.#count(old, -1);
      return this.#count(whole, 1);
    }
    const from = this.#at(transaction, this.#keyOf(old ?? row));
    const whole = this.#identity.fill(row, from.after);
    if (from.after === null || whole === null) throw diverged("an updated row is not there");
    if (old === null) {
      // Without an old row the key is the same.
      from.after = whole;
      return;
    }
    const to = this.#at(transaction, this.#keyOf(whole));
    from.after = null;
    if (to.after !== null) throw diverged("an updated row's new key is taken");
    to.after = whole;
  }

  #keyOf(row: Row): Buffer {
    const key = this.#identity.keyOf(row);
    if (key === null) throw diverged("a row's key was not sent");
    return key;
  }

  #at(transaction: WriteTransaction, key: Buffer): PendingRow {
    const name = key.toString("latin1");
    const known = this.#pending.get(name);
    if (known !== undefined) return known;
    const before = transaction.get(this.#arrangement, key) ?? null;
    const pending: PendingRow = { key, before, after: before };
    this.#pending.set(name, pending);
    return pending;
  }

  #count(row: Row, delta: number): void {
    this.#identity.keyOf(row);
    const name = row.toString("latin1");
    const known = this.#counts.get(name);
    if (known === undefined) this.#counts.set(name, { row, delta });
    else known.delta += delta;
  }

  #flushKeyed(transaction: WriteTransaction, tally: Tally): DeltaBatch {
    const deltas = new DeltaBatch();
    const changed = [...this.#pending.values()].toSorted((a, b) => compareKeys(a.key, b.key));
    this.#pending.clear();
    for (const { key, before, after } of changed) {
      if (before === after || (before !== null && after?.equals(before) === true)) continue;
      if (before !== null) {
        deltas.push(before, -1);
        tally.rows--;
        tally.bytes -= key.length + before.length;
      }
      if (after === null) {
        transaction.remove(this.#arrangement, key);
        continue;
      }
      deltas.push(after, 1);
      tally.rows++;
      tally.bytes += key.length + after.length;
      transaction.put(this.#arrangement, key, after);
    }
    return deltas;
  }

  #flushCounts(transaction: WriteTransaction, tally: Tally): DeltaBatch {
    const deltas = new DeltaBatch();
    const changed = Array.from(this.#counts.values(), ({ row, delta }) => ({
      row,
      delta,
      key: multisetKey(NO_PREFIX, row),
    }));
    this.#counts.clear();
    changed.sort((a, b) => compareKeys(a.key, b.key));
    for (const { row, delta, key } of changed) {
      if (delta === 0) continue;
      const before = delta < 0 ? transaction.get(this.#arrangement, key) : undefined;
      if (delta < 0 && (before === undefined || before.readUIntBE(0, 6) + delta < 0)) {
        throw diverged("a deleted row is not there");
      }
      addWeight(transaction, this.#arrangement, key, 0, row, delta, tally);
      deltas.push(row, delta);
    }
    return deltas;
  }
}
