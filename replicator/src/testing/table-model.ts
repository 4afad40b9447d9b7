import { assert, must } from "@freshet/base";
import { OldRow, readChanges, readRows } from "@freshet/contract";
import type { Change, ReplicationOrigin, SnapshotSink, StreamEvent, StreamSink, TableSchema } from "@freshet/contract";
import type { Lsn, Row } from "@freshet/values";
import { packRow, UNCHANGED_LENGTH, unpackRow } from "@freshet/values";

interface LoggedChange {
  readonly commitLsn: Lsn;
  readonly change: Change;
}

/** One table rebuilt from its snapshot and the stream. */
class ModelTable {
  readonly schema: TableSchema;
  readonly snapshotLsn: Lsn;
  /** Packed rows (hexadecimal) and how often each is there. */
  readonly rows: Map<string, number> = new Map();
  /** What came while the snapshot was loading; null afterwards. */
  log: LoggedChange[] | null = [];
  invalid = false;

  constructor(schema: TableSchema, snapshotLsn: Lsn) {
    this.schema = schema;
    this.snapshotLsn = snapshotLsn;
  }

  add(row: Row, weight: 1 | -1): void {
    const key = row.toString("hex");
    const count = (this.rows.get(key) ?? 0) + weight;
    assert(count >= 0, () => `table ${this.schema.name}: a row is taken away that is not there: ${key}`);
    if (count === 0) this.rows.delete(key);
    else this.rows.set(key, count);
  }

  apply(change: Change): void {
    switch (change.kind) {
      case "insert":
        return this.add(change.row, 1);
      case "delete":
        return this.add(this.#stored(change.row, change.oldKind), -1);
      case "update": {
        const old = this.#stored(change.old ?? change.row, change.old === null ? OldRow.key : change.oldKind);
        this.add(old, -1);
        return this.add(fillUnchanged(change.row, old), 1);
      }
      case "truncate":
        return this.rows.clear();
      case "schema":
        this.invalid = true;
        return;
    }
  }

  /** The whole stored row that an old row (its key, or all of it) stands for. */
  #stored(old: Row, kind: number): Row {
    if (kind === OldRow.full) return old;
    const { identity } = this.schema;
    assert(identity.kind === "key", "a key identifies only a table that has one");
    const wanted = unpackRow(old);
    for (const hex of this.rows.keys()) {
      const row = Buffer.from(hex, "hex");
      const values = unpackRow(row);
      if (identity.columns.every((column) => same(values[column], wanted[column]))) return row;
    }
    throw new Error(`table ${this.schema.name}: no row has the key of ${old.toString("hex")}`);
  }
}

function same(a: Buffer | null | undefined, b: Buffer | null | undefined): boolean {
  return a !== null && a !== undefined && b !== null && b !== undefined && a.equals(b);
}

function fillUnchanged(row: Row, old: Row): Row {
  const olds = unpackRow(old);
  const values = unpackRow(row);
  let at = 0;
  return packRow(
    values.map((value, index) => {
      const length = row.readInt32BE(at);
      at += 4 + Math.max(length, 0);
      return length === UNCHANGED_LENGTH ? must(olds[index], "an unchanged value has an old one") : value;
    }),
  );
}

/** The sinks' end of a change source: what the engine does with it, in memory and in the plainest way. */
export class TableModel implements StreamSink, SnapshotSink {
  readonly events: StreamEvent[] = [];
  readonly tables: Map<number, ModelTable> = new Map();
  appliedLsn: Lsn = 0n;
  /** Awaited before each event is accepted. */
  beforeAccept: (event: StreamEvent) => Promise<void> = () => Promise.resolve();
  /** Awaited in `begin`, before it takes effect. */
  beforeBegin: () => Promise<void> = () => Promise.resolve();
  #parts: Buffer[] = [];

  /** Where the stream went on each time it went to another server. */
  readonly moves: ReplicationOrigin[] = [];

  async moved(origin: ReplicationOrigin): Promise<void> {
    this.moves.push(origin);
  }

  async accept(event: StreamEvent): Promise<void> {
    await this.beforeAccept(event);
    this.events.push(event);
    switch (event.kind) {
      case "part":
        this.#parts.push(...event.changes);
        return;
      case "abort":
        this.#parts = [];
        return;
      case "progress":
        assert(event.lsn > this.appliedLsn, "progress goes forward");
        this.appliedLsn = event.lsn;
        return;
      case "commit": {
        assert(event.commit.commitLsn >= this.appliedLsn, "commits come in order, each once");
        const chunks = [...this.#parts, ...event.commit.changes];
        this.#parts = [];
        for (const chunk of chunks)
          for (const change of readChanges(chunk)) this.#change(event.commit.commitLsn, change);
        this.appliedLsn = event.commit.endLsn;
      }
    }
  }

  async begin(table: TableSchema, snapshotLsn: Lsn): Promise<void> {
    await this.beforeBegin();
    this.tables.set(table.oid, new ModelTable(table, snapshotLsn));
  }

  rows(oid: number, batch: Buffer, count: number): Promise<void> {
    const table = must(this.tables.get(oid), "rows come after begin");
    let rows = 0;
    for (const row of readRows(batch)) {
      table.add(row, 1);
      rows++;
    }
    assert(rows === count, "a batch's count is true");
    return Promise.resolve();
  }

  end(oid: number): Promise<void> {
    const table = must(this.tables.get(oid), "end comes after begin");
    const log = must(table.log, "a snapshot ends once");
    table.log = null;
    for (const { change } of log) table.apply(change);
    return Promise.resolve();
  }

  /** The table's rows as sorted hexadecimal strings. */
  contents(oid: number): string[] {
    const table = must(this.tables.get(oid), "the table is known");
    return [...table.rows].flatMap(([row, count]) => Array.from({ length: count }, () => row)).toSorted();
  }

  #change(commitLsn: Lsn, change: Change): void {
    const table = must(this.tables.get(change.tableOid), "changes come after begin");
    assert(commitLsn >= table.snapshotLsn, "what the snapshot holds is not sent again");
    if (table.log === null) table.apply(change);
    else table.log.push({ commitLsn, change: copyChange(change) });
  }
}

function copyChange(change: Change): Change {
  switch (change.kind) {
    case "insert":
    case "delete":
      return { ...change, row: Buffer.from(change.row) };
    case "update":
      return { ...change, old: change.old === null ? null : Buffer.from(change.old), row: Buffer.from(change.row) };
    case "truncate":
    case "schema":
      return change;
  }
}
