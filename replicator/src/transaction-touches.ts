import { must } from "@freshet/base";
import type { TableTouch, TouchedRow } from "@freshet/contract";
import type { PgoutputMessage, RelationMessage } from "@freshet/wire";
import { TupleColumn } from "@freshet/wire";
import type { WatchedTables } from "./watched-tables.ts";

type Message<Kind extends PgoutputMessage["kind"]> = Extract<PgoutputMessage, { kind: Kind }>;

/** Rows of one table that one transaction tells of; beyond them it tells that any row may have changed. */
const MAX_ROWS = 1000;
const MAX_BYTES = 256 * 1024;

interface Touched {
  readonly columns: readonly string[];
  rows: TouchedRow[] | null;
  bytes: number;
}

/** Gathers what one transaction does to watched tables. */
export class TransactionTouches {
  readonly #watched: WatchedTables;
  readonly #tables = new Map<number, Touched>();

  constructor(watched: WatchedTables) {
    this.#watched = watched;
  }

  take(): readonly TableTouch[] {
    return [...this.#tables].map(([tableOid, { columns, rows }]) => ({ tableOid, columns, rows }));
  }

  insert(message: Message<"insert">, relation: RelationMessage | undefined): void {
    const touched = this.#touched(message.oid);
    if (touched !== undefined) add(touched, relation, message.tuple, everyColumn);
  }

  /** Without an old tuple the identity is what it was; of the other columns' old values nothing is known. */
  update(message: Message<"update">, relation: RelationMessage | undefined): void {
    const touched = this.#touched(message.oid);
    if (touched === undefined) return;
    add(touched, relation, message.tuple, everyColumn);
    add(touched, relation, message.oldTuple ?? message.tuple, message.oldKind === "O" ? everyColumn : keyColumn);
  }

  delete(message: Message<"delete">, relation: RelationMessage | undefined): void {
    const touched = this.#touched(message.oid);
    if (touched !== undefined)
      add(touched, relation, message.oldTuple, message.oldKind === "O" ? everyColumn : keyColumn);
  }

  truncate(message: Message<"truncate">): void {
    for (const oid of message.oids) {
      const touched = this.#touched(oid);
      if (touched !== undefined) touched.rows = null;
    }
  }

  #touched(oid: number): Touched | undefined {
    const known = this.#tables.get(oid);
    if (known !== undefined) return known;
    const columns = this.#watched.columns(oid);
    if (columns === undefined) return undefined;
    const touched: Touched = { columns, rows: [], bytes: 0 };
    this.#tables.set(oid, touched);
    return touched;
  }
}

type ColumnTest = (column: RelationMessage["columns"][number]) => boolean;
const everyColumn: ColumnTest = () => true;
const keyColumn: ColumnTest = (column) => column.key;

function add(touched: Touched, relation: RelationMessage | undefined, tuple: Buffer, told: ColumnTest): void {
  if (touched.rows === null) return;
  const values = relation === undefined ? undefined : tupleValues(tuple, relation, told);
  const row = touched.columns.map((name) => values?.get(name));
  for (const value of row) touched.bytes += 16 + (value?.length ?? 0);
  if (touched.rows.length >= MAX_ROWS || touched.bytes > MAX_BYTES) touched.rows = null;
  else touched.rows.push(row);
}

/** Values by column name, with memory of their own; text forms and unchanged TOAST values are not told. */
function tupleValues(tuple: Buffer, relation: RelationMessage, told: ColumnTest): Map<string, Buffer | null> {
  const values = new Map<string, Buffer | null>();
  const count = tuple.readInt16BE(0);
  if (count !== relation.columns.length) return values;
  let at = 2;
  for (let index = 0; index < count; index++) {
    const column = must(relation.columns[index]);
    const kind = tuple[at++];
    if (kind === TupleColumn.null) {
      if (told(column)) values.set(column.name, null);
    } else if (kind === TupleColumn.binary || kind === TupleColumn.text) {
      const end = at + 4 + tuple.readInt32BE(at);
      if (told(column) && kind === TupleColumn.binary)
        values.set(column.name, Buffer.from(tuple.subarray(at + 4, end)));
      at = end;
    }
  }
  return values;
}
