import { must } from "@freshet/base";
import {
  type ChangeSource,
  type ReplicationOrigin,
  type ReplicationStatus,
  RowBatchWriter,
  type SnapshotProgress,
  type SnapshotSink,
  type StreamSink,
  type TableSchema,
  type WatchedTable,
} from "@freshet/contract";
import { LSN_ZERO, type Lsn, Oid, type Row } from "@freshet/values";

export const ORIGIN: ReplicationOrigin = {
  systemIdentifier: "1",
  timeline: 1,
  databaseOid: 5,
  slotName: "freshet",
  lsn: 100n,
};

/** A table of `columns` int4 columns, the first of which is its key. */
export function intTable(oid: number, columns: number): TableSchema {
  return {
    oid,
    schema: "public",
    name: `t${oid}`,
    columns: Array.from({ length: columns }, (_unused, index) => ({
      attribute: index + 1,
      name: `c${index}`,
      typeOid: Oid.int4,
      typmod: -1,
    })),
    identity: { kind: "key", columns: [0] },
  };
}

export interface FakeTable {
  readonly schema: TableSchema;
  readonly rows: readonly Row[];
}

/** An upstream of tables in memory; no stream comes from it. */
export class FakeSource implements ChangeSource {
  readonly tables: Map<number, FakeTable> = new Map();
  readonly published: Set<number> = new Set();
  readonly watched: Set<number> = new Set();
  readonly acknowledged: Lsn[] = [];
  /** Thrown by the next calls that reach the upstream, one each. */
  readonly failures: unknown[] = [];
  state: ReplicationStatus["state"] = "streaming";
  lastMessageAt = 0;
  receivedLsn: Lsn = LSN_ZERO;
  /** Held back until resolved, when set. */
  gate: Promise<void> = Promise.resolve();

  async start(
    _from: ReplicationOrigin | null,
    _tables: readonly TableSchema[],
    _sink: StreamSink,
  ): Promise<{ readonly origin: ReplicationOrigin; readonly reset: boolean }> {
    await this.#reach();
    return { origin: ORIGIN, reset: false };
  }

  async addTables(
    oids: readonly number[],
    sink: SnapshotSink,
    progress: (progress: SnapshotProgress) => void,
  ): Promise<void> {
    await this.#reach();
    for (const oid of oids) {
      const { schema, rows } = must(this.tables.get(oid), "the table exists upstream");
      this.published.add(oid);
      await sink.begin(schema, 1n);
      const batch = new RowBatchWriter();
      for (const row of rows) batch.push(row);
      await sink.rows(oid, batch.take(), rows.length);
      progress({ table: schema, rows: rows.length, estimatedRows: rows.length });
      await this.#reach();
      await sink.end(oid);
    }
  }

  async removeTables(oids: readonly number[]): Promise<void> {
    await this.#reach();
    for (const oid of oids) this.published.delete(oid);
  }

  async watchTables(tables: readonly WatchedTable[]): Promise<bigint> {
    await this.#reach();
    for (const { tableOid } of tables) this.watched.add(tableOid);
    return 1n;
  }

  async unwatchTables(oids: readonly number[]): Promise<void> {
    await this.#reach();
    for (const oid of oids) this.watched.delete(oid);
  }

  acknowledge(lsn: Lsn): void {
    this.acknowledged.push(lsn);
  }

  async describeTables(oids: readonly number[]): Promise<Map<number, TableSchema>> {
    await this.#reach();
    return new Map(
      oids.flatMap((oid) => {
        const table = this.tables.get(oid);
        return table === undefined ? [] : [[oid, table.schema] as const];
      }),
    );
  }

  status(): ReplicationStatus {
    const { state, lastMessageAt, receivedLsn } = this;
    return {
      state,
      lastError: null,
      lastMessageAt,
      receivedLsn,
      acknowledgedLsn: this.acknowledged.at(-1) ?? LSN_ZERO,
    };
  }

  onStatus(): void {
    // Its state changes only by hand.
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  async #reach(): Promise<void> {
    await this.gate;
    const failure: unknown = this.failures.shift();
    if (failure !== undefined) throw failure;
  }
}
