import { quoteIdentifier } from "@freshet/base";
import type { SnapshotProgress, SnapshotSink } from "@freshet/contract";
import type { Client } from "pg";
import type { CatalogTable } from "./catalog.ts";
import { copyOut } from "./copy-out.ts";
import { qualifiedName, quoteLiteral } from "./upstream.ts";

/** Begins a transaction that sees the exported snapshot and keeps the tables from being truncated or altered. */
export async function takeOverSnapshot(
  session: Client,
  snapshot: string,
  tables: readonly CatalogTable[],
): Promise<void> {
  await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  await session.query(`SET TRANSACTION SNAPSHOT ${quoteLiteral(snapshot)}`);
  await session.query(`LOCK TABLE ${tables.map(from).join(", ")} IN ACCESS SHARE MODE`);
}

/** Its own rows; tables that inherit from it are tables of their own. */
function from(table: CatalogTable): string {
  return `ONLY ${qualifiedName(table.schema)}`;
}

/** Copies one table, as the session's snapshot sees it, into the sink. */
export async function copyTable(
  session: Client,
  table: CatalogTable,
  batchBytes: number,
  sink: SnapshotSink,
  progress: (progress: SnapshotProgress) => void,
): Promise<void> {
  const { schema } = table;
  const columns = schema.columns.map((column) => quoteIdentifier(column.name)).join(", ");
  const sql = `COPY (SELECT ${columns} FROM ${from(table)}) TO STDOUT (FORMAT binary)`;
  let rows = 0;
  progress({ table: schema, rows, estimatedRows: table.estimatedRows });
  for await (const batch of copyOut(session, sql, schema.columns.length, batchBytes)) {
    await sink.rows(schema.oid, batch.batch, batch.rows);
    rows += batch.rows;
    progress({ table: schema, rows, estimatedRows: table.estimatedRows });
  }
  await sink.end(schema.oid);
}
