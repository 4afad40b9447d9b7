import { readChanges } from "@freshet/contract";
import type { TableSchema } from "@freshet/contract";
import { packRow } from "@freshet/values";
import type { PgoutputMessage, RelationMessage } from "@freshet/wire";
import { describe, expect, it } from "vitest";
import type { StreamItem } from "./stream-item.ts";
import { withoutTables } from "./stream-item.ts";
import { TrackedTables } from "./tracked-tables.ts";
import { TransactionAssembler } from "./transaction-assembler.ts";
import { WatchedTables } from "./watched-tables.ts";

const OID = 500;
const schema: TableSchema = {
  oid: OID,
  schema: "s",
  name: "t",
  columns: [
    { attribute: 1, name: "id", typeOid: 23, typmod: -1 },
    { attribute: 3, name: "v", typeOid: 25, typmod: -1 },
  ],
  identity: { kind: "key", columns: [0] },
};
const relation: RelationMessage = {
  kind: "relation",
  oid: OID,
  schema: "s",
  name: "t",
  identity: "d",
  columns: [
    { key: true, name: "id", typeOid: 23, typmod: -1 },
    { key: false, name: "v", typeOid: 25, typmod: -1 },
  ],
};

/** A TupleData of binary values; null for NULL. */
function tuple(...values: readonly (string | null)[]): Buffer {
  const count = Buffer.from([0, values.length]);
  const columns = values.map((value) => {
    if (value === null) return Buffer.from("n");
    const length = Buffer.alloc(4);
    length.writeInt32BE(value.length);
    return Buffer.concat([Buffer.from("b"), length, Buffer.from(value)]);
  });
  return Buffer.concat([count, ...columns]);
}

const row = (...values: readonly (string | null)[]): Buffer =>
  packRow(values.map((value) => (value === null ? null : Buffer.from(value))));
const insert = (id: string, v: string): PgoutputMessage => ({ kind: "insert", oid: OID, tuple: tuple(id, v) });

class Setup {
  readonly tables = new TrackedTables();
  readonly watched = new WatchedTables();
  readonly items: StreamItem[] = [];
  readonly assembler: TransactionAssembler;
  #lsn = 100n;

  constructor(partBytes = 1 << 20, unsendable: ReadonlySet<number> = new Set()) {
    const emit = (item: StreamItem): void => void this.items.push(item);
    const { tables, watched } = this;
    this.assembler = new TransactionAssembler({ tables, watched, unsendable: () => unsendable, partBytes, emit });
  }

  transaction(...messages: readonly PgoutputMessage[]): StreamItem | undefined {
    const commitLsn = this.#lsn;
    this.#lsn += 100n;
    this.assembler.handle({ kind: "begin", finalLsn: commitLsn, commitTime: 7n, xid: 1 });
    for (const message of messages) this.assembler.handle(message);
    this.assembler.handle({ kind: "commit", commitLsn, endLsn: commitLsn + 50n, commitTime: 7n });
    return this.items.at(-1);
  }
}

function changesOf(item: StreamItem | undefined): unknown[] {
  if (item?.event.kind === "part") return item.event.changes.flatMap((chunk) => [...readChanges(chunk)]);
  return item?.event.kind === "commit" ? item.event.commit.changes.flatMap((chunk) => [...readChanges(chunk)]) : [];
}

describe("TransactionAssembler", () => {
  it("packs changes in order, old rows as their kind says", () => {
    const setup = new Setup();
    setup.tables.addLive(schema);
    const item = setup.transaction(
      relation,
      insert("1", "a"),
      { kind: "update", oid: OID, oldKind: null, oldTuple: null, tuple: tuple("1", "b") },
      { kind: "update", oid: OID, oldKind: "K", oldTuple: tuple("1", "not a key"), tuple: tuple("2", "b") },
      { kind: "delete", oid: OID, oldKind: "O", oldTuple: tuple("2", "b") },
      { kind: "truncate", oids: [OID, 999], cascade: false, restartIdentity: false },
    );
    expect(item).toMatchObject({
      commitLsn: 100n,
      resumeLsn: 150n,
      event: { commit: { endLsn: 150n, schemaChanged: false } },
    });
    expect(changesOf(item)).toEqual([
      { kind: "insert", tableOid: OID, row: row("1", "a") },
      { kind: "update", tableOid: OID, oldKind: 0, old: null, row: row("1", "b") },
      { kind: "update", tableOid: OID, oldKind: 1, old: row("1", null), row: row("2", "b") },
      { kind: "delete", tableOid: OID, oldKind: 2, row: row("2", "b") },
      { kind: "truncate", tableOid: OID },
    ]);
  });

  it("makes progress of a transaction without interest", () => {
    const setup = new Setup();
    expect(setup.transaction(relation, insert("1", "a"))?.event).toEqual({ kind: "progress", lsn: 150n });
  });

  it("tells old and new rows of watched tables, as far as they are known", () => {
    const setup = new Setup();
    setup.watched.watch([{ tableOid: OID, columns: ["v", "id"] }]);
    const item = setup.transaction(
      relation,
      insert("1", "a"),
      { kind: "update", oid: OID, oldKind: null, oldTuple: null, tuple: tuple("1", null) },
      { kind: "update", oid: OID, oldKind: "K", oldTuple: tuple("1", null), tuple: tuple("2", "b") },
      { kind: "delete", oid: OID, oldKind: "O", oldTuple: tuple("2", "b") },
    );
    const [v, id] = [Buffer.from("a"), Buffer.from("1")];
    const [b, two] = [Buffer.from("b"), Buffer.from("2")];
    const rows = [
      [v, id],
      [null, id],
      [undefined, id],
      [b, two],
      [undefined, id],
      [b, two],
    ];
    expect(item?.event).toMatchObject({ kind: "commit", commit: { xid: 1, changes: [] } });
    const touched = item?.event.kind === "commit" ? item.event.commit.touched : [];
    expect(touched).toEqual([{ tableOid: OID, columns: ["v", "id"], rows }]);
  });

  it.each<[string, readonly PgoutputMessage[]]>([
    ["TRUNCATE", [{ kind: "truncate", oids: [OID], cascade: false, restartIdentity: false }]],
    ["more rows than it tells", Array.from({ length: 1001 }, (_, index) => insert(String(index), "v"))],
    ["longer rows than it tells", Array.from({ length: 3 }, () => insert("1", "v".repeat(100_000)))],
  ])("tells that any row of a watched table may have changed by %s", (_what, messages) => {
    const setup = new Setup();
    setup.watched.watch([{ tableOid: OID, columns: ["v"] }]);
    const item = setup.transaction(relation, insert("1", "a"), ...messages, insert("1", "a"));
    const touched = item?.event.kind === "commit" ? item.event.commit.touched : [];
    expect(touched).toEqual([{ tableOid: OID, columns: ["v"], rows: null }]);
  });

  it("tells nothing of a column that the table does not have any more", () => {
    const setup = new Setup();
    setup.watched.watch([{ tableOid: OID, columns: ["gone", "id"] }]);
    const item = setup.transaction(relation, insert("1", "a"));
    expect(item?.event).toMatchObject({ commit: { touched: [{ rows: [[undefined, Buffer.from("1")]] }] } });
  });

  it("cuts a large transaction into parts", () => {
    const setup = new Setup(64);
    setup.tables.addLive(schema);
    const inserts = Array.from({ length: 10 }, () => insert("1", "0123456789"));
    setup.transaction(relation, ...inserts);
    expect(setup.items.map((item) => item.event.kind)).toEqual(["part", "part", "part", "commit"]);
    expect(setup.items.slice(0, -1).every((item) => item.resumeLsn === null && item.tables.has(OID))).toBe(true);
    expect(setup.items.flatMap(changesOf)).toHaveLength(10);
  });

  it.each<[string, Partial<RelationMessage>]>([
    ["a new column", { columns: [...relation.columns, { key: false, name: "w", typeOid: 25, typmod: -1 }] }],
    ["a lost column", { columns: relation.columns.slice(0, 1) }],
    ["another type", { columns: relation.columns.map((column) => ({ ...column, typeOid: 20 })) }],
    ["another typmod", { columns: relation.columns.map((column) => ({ ...column, typmod: 9 })) }],
    ["another key", { columns: relation.columns.map((column) => ({ ...column, key: !column.key })) }],
    ["another name", { name: "renamed" }],
    ["another identity", { identity: "f" }],
  ])("tells of %s once, and then drops the table's changes until it is added again", (_what, difference) => {
    const setup = new Setup();
    setup.tables.addLive(schema);
    const changed = { ...relation, ...difference };
    expect(changesOf(setup.transaction(changed, insert("1", "a")))).toEqual([{ kind: "schema", tableOid: OID }]);
    expect(setup.transaction(relation, insert("2", "a"))?.event.kind).toBe("progress");
    setup.tables.addLive(schema);
    expect(changesOf(setup.transaction(insert("3", "a")))).toHaveLength(1);
  });

  it("treats a kept column that comes as text as a change of shape, and passes over one of a left-out type", () => {
    const setup = new Setup(1 << 20, new Set([1033]));
    setup.tables.addLive(schema);
    const [id, v] = relation.columns;
    if (id === undefined || v === undefined) throw new Error("two columns");
    const wide = { ...relation, columns: [id, { key: false, name: "acl", typeOid: 1033, typmod: -1 }, v] };
    expect(changesOf(setup.transaction(wide, { kind: "insert", oid: OID, tuple: tuple("1", "x", "a") }))).toEqual([
      { kind: "insert", tableOid: OID, row: row("1", "a") },
    ]);
    const asText = Buffer.from("000274000000013174000000 0161".replace(" ", ""), "hex");
    expect(changesOf(setup.transaction(relation, { kind: "insert", oid: OID, tuple: asText }))).toEqual([
      { kind: "schema", tableOid: OID },
    ]);
  });

  it("leaves out what a table's snapshot holds, whatever its shape was then", () => {
    const setup = new Setup();
    setup.tables.addPending(schema);
    const old = { ...relation, columns: relation.columns.slice(0, 1) };
    const pending = setup.transaction(old, { kind: "insert", oid: OID, tuple: tuple("1") });
    expect(changesOf(pending)).toEqual([{ kind: "schema", tableOid: OID }]);
    setup.tables.begun(OID, 300n);
    expect(setup.transaction({ kind: "insert", oid: OID, tuple: tuple("1") })?.event.kind).toBe("progress");
    expect(changesOf(setup.transaction(relation, insert("3", "a")))).toHaveLength(1);
    if (pending?.event.kind !== "commit") throw new Error("a commit");
    expect(withoutTables(pending.event.commit.changes, new Set([OID]))).toEqual([]);
  });

  it("marks transactions that changed the schema", () => {
    const setup = new Setup();
    const ddl: PgoutputMessage = {
      kind: "message",
      transactional: true,
      lsn: 1n,
      prefix: "freshet",
      content: Buffer.from("ddl"),
    };
    expect(setup.transaction(ddl)?.event).toMatchObject({
      kind: "commit",
      commit: { schemaChanged: true, changes: [] },
    });
    const about = (scope: string): PgoutputMessage => ({ ...ddl, content: Buffer.from(`ddl ${scope}`) });
    const one = about('{"relations": [7], "names": ["a"]}');
    const two = about('{"relations": [8, 9], "names": []}');
    expect(setup.transaction(one, two)?.event).toMatchObject({
      commit: { schemaChanged: true, schemaScope: { relations: [7, 8, 9], names: ["a"] } },
    });
    for (const unknown of [ddl, about('{"relations": ["x"], "names": []}'), about("{")]) {
      const event = setup.transaction(one, unknown, two)?.event;
      expect(event?.kind === "commit" && event.commit.schemaChanged && event.commit.schemaScope).toBeUndefined();
    }
    expect(setup.transaction({ ...ddl, prefix: "other" })?.event.kind).toBe("progress");
    expect(setup.transaction({ ...ddl, transactional: false })?.event.kind).toBe("progress");
  });

  it("refuses a stream that is out of order", () => {
    const setup = new Setup();
    setup.tables.addLive(schema);
    expect(() => setup.assembler.handle(insert("1", "a"))).toThrow(/outside a transaction/);
    setup.assembler.handle({ kind: "begin", finalLsn: 1n, commitTime: 0n, xid: 1 });
    expect(() => setup.assembler.handle(insert("1", "a"))).toThrow(/before its description/);
    expect(() => setup.assembler.handle({ kind: "begin", finalLsn: 1n, commitTime: 0n, xid: 1 })).toThrow(
      /within another/,
    );
    expect(() => setup.assembler.handle({ kind: "commit", commitLsn: 2n, endLsn: 3n, commitTime: 0n })).toThrow(
      /match/,
    );
  });
});
