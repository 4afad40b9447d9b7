import { FreshetError, must, SqlState, waitingForLocks } from "@freshet/base";
import type { Client } from "pg";
import type { CatalogTable } from "./catalog.ts";
import { readCatalog } from "./catalog.ts";
import { qualifiedName } from "./upstream.ts";

const UNDEFINED_TABLE = "42P01";

/**
 * Makes sure that publishing the tables cannot make the application's UPDATEs and DELETEs fail, and
 * returns them as they then are. Sets REPLICA IDENTITY FULL where that is needed and allowed, else
 * rejects with the statements that would help.
 */
export async function requireReplicable(
  session: Client,
  oids: readonly number[],
  setReplicaIdentity: boolean,
): Promise<readonly CatalogTable[]> {
  const found = await readCatalog(session, oids);
  const unusable: CatalogTable[] = [];
  for (const oid of oids) {
    const table = found.get(oid);
    if (table === undefined) {
      throw new FreshetError(UNDEFINED_TABLE, `table with OID ${oid} does not exist`);
    }
    requireTable(table);
    if (table.identityUsable) continue;
    requireNoVirtualColumns(table);
    unusable.push(table);
  }
  const statements = unusable.map(({ schema }) => `ALTER TABLE ${qualifiedName(schema)} REPLICA IDENTITY FULL;`);
  if (!setReplicaIdentity) refuseUnusable(unusable, statements);
  for (const statement of statements) await waitingForLocks(() => session.query(statement));
  const tables = statements.length > 0 ? await readCatalog(session, oids) : found;
  return oids.map((oid) => must(tables.get(oid), "a table was dropped while its replica identity was set"));
}

/** Partitions of one table may all lack an identity: all of the statements that help are told at once. */
function refuseUnusable([table]: readonly CatalogTable[], statements: readonly string[]): void {
  if (table === undefined) return;
  throw new FreshetError(
    SqlState.objectNotInPrerequisiteState,
    `table "${table.schema.schema}.${table.schema.name}" has no usable replica identity`,
    {
      detail: "PostgreSQL refuses UPDATE and DELETE on a published table without one.",
      hint: `Add a primary key, or run ${statements.join(" ")}`,
    },
  );
}

/** Identified by the whole row, such a table could not be changed any more. */
function requireNoVirtualColumns({ schema, virtualColumns }: CatalogTable): void {
  if (!virtualColumns) return;
  throw new FreshetError(
    SqlState.objectNotInPrerequisiteState,
    `table "${schema.schema}.${schema.name}" has virtual generated columns and no key to identify its rows by`,
    {
      detail: "PostgreSQL refuses UPDATE and DELETE of such a table once it is published.",
      hint: `Add a primary key, and run ALTER TABLE ${qualifiedName(schema)} REPLICA IDENTITY DEFAULT;`,
    },
  );
}

function requireTable(table: CatalogTable): void {
  const name = `"${table.schema.schema}.${table.schema.name}"`;
  const refuse = (detail: string): never => {
    throw new FreshetError(SqlState.featureNotSupported, `${name} cannot be replicated`, { detail });
  };
  if (table.relkind === "p") refuse("It is a partitioned table; its partitions are replicated.");
  if (table.relkind !== "r") refuse("It is not a table.");
  if (!table.permanent) refuse("Temporary and unlogged tables are not in the write-ahead log.");
  if (table.schema.columns.length === 0) refuse("It has no column with a binary form.");
}
