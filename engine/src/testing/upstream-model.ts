import { must } from "@freshet/base";
import { ChangeWriter, type Commit, OldRow, RowBatchWriter, type TableSchema } from "@freshet/contract";
import { type Lsn, packRow, type Row } from "@freshet/values";
import fc from "fast-check";
import type { ReferenceTable } from "../reference/evaluate-plan.ts";
import { binary, TABLE_COLUMNS, TABLE_OIDS } from "./plan-arbitrary.ts";

export const TEST_TABLES: readonly TableSchema[] = TABLE_OIDS.map((oid, index) => ({
  oid,
  schema: "public",
  name: `t${oid}`,
  columns: TABLE_COLUMNS.map(({ typeOid, typmod }, position) => ({
    attribute: position + 1,
    name: `c${position}`,
    typeOid,
    typmod,
  })),
  identity: index === TABLE_OIDS.length - 1 ? { kind: "full" } : { kind: "key", columns: [0] },
}));

/** One thing that happens to a table; what is not possible in its state is left out. */
export interface TableEvent {
  readonly table: number;
  readonly kind: "put" | "delete" | "rekey" | "truncate";
  readonly id: number;
  readonly newId: number;
  readonly a: string | null;
  readonly b: string | null;
  readonly n: string | null;
}

const long = "x".repeat(2500);

export const tableEvents: fc.Arbitrary<TableEvent> = fc.record({
  table: fc.integer({ min: 0, max: TABLE_OIDS.length - 1 }),
  kind: fc.oneof(
    { weight: 12, arbitrary: fc.constant("put" as const) },
    { weight: 6, arbitrary: fc.constant("delete" as const) },
    { weight: 3, arbitrary: fc.constant("rekey" as const) },
    { weight: 1, arbitrary: fc.constant("truncate" as const) },
  ),
  id: fc.integer({ min: 0, max: 7 }),
  newId: fc.integer({ min: 0, max: 7 }),
  a: fc.option(fc.constantFrom("0", "1", "2", "2147483647")),
  b: fc.option(fc.constantFrom("", "a", "b", long, `${long}y`)),
  n: fc.option(fc.constantFrom("1", "1.0", "1.00", "-2.5", "0")),
});

/** The upstream as the tests keep it: the tables' rows, and commits with rising LSNs. */
export class UpstreamModel {
  readonly #tables: Map<string, Row>[] = TABLE_OIDS.map(() => new Map());
  lsn: Lsn = 1000n;

  reference(): Map<number, ReferenceTable> {
    return new Map(
      TABLE_OIDS.map((oid, index) => [
        oid,
        {
          attributes: TABLE_COLUMNS.map((_column, position) => position + 1),
          rows: [...must(this.#tables[index]).values()],
        },
      ]),
    );
  }

  /** The content of a table as a snapshot brings it. */
  snapshot(index: number): Buffer {
    const writer = new RowBatchWriter();
    for (const row of must(this.#tables[index]).values()) writer.push(row);
    return writer.take();
  }

  /** Carries the events out in one transaction. `chunkBytes` cuts its changes into chunks. */
  commit(events: readonly TableEvent[], chunkBytes: number = 1 << 20): Commit {
    const writer = new ChangeWriter(chunkBytes);
    for (const event of events) this.#carryOut(event, writer);
    const commitLsn = this.lsn + 10n;
    this.lsn += 20n;
    return {
      commitLsn,
      endLsn: this.lsn,
      commitTime: 0n,
      changes: writer.take(),
      schemaChanged: false,
      xid: 1,
      touched: [],
    };
  }

  #carryOut(event: TableEvent, writer: ChangeWriter): void {
    const rows = must(this.#tables[event.table]);
    const { oid, identity } = must(TEST_TABLES[event.table]);
    const full = identity.kind === "full";
    const name = `${event.id}`;
    const old = rows.get(name);
    const rowOf = (id: number): Row =>
      packRow([`${id}`, event.a, event.b, event.n].map((text, index) => binary(must(TABLE_COLUMNS[index]), text)));
    const keyOf = (id: number): Row => packRow([binary(must(TABLE_COLUMNS[0]), `${id}`), null, null, null]);
    if (event.kind === "truncate") {
      rows.clear();
      writer.truncate(oid);
    } else if (event.kind === "delete") {
      if (old === undefined) return;
      rows.delete(name);
      if (full) writer.delete(oid, OldRow.full, old);
      else writer.delete(oid, OldRow.key, keyOf(event.id));
    } else if (event.kind === "rekey") {
      if (old === undefined || (event.newId !== event.id && rows.has(`${event.newId}`))) return;
      const row = rowOf(event.newId);
      rows.delete(name);
      rows.set(`${event.newId}`, row);
      writer.update(oid, full ? OldRow.full : OldRow.key, full ? old : keyOf(event.id), row);
    } else {
      const row = rowOf(event.id);
      rows.set(name, row);
      if (old === undefined) writer.insert(oid, row);
      else if (full) writer.update(oid, OldRow.full, old, row);
      else writer.update(oid, OldRow.none, null, row);
    }
  }
}
