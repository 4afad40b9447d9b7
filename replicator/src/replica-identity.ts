import { FreshetError, must, SqlState } from "@freshet/base";
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
  let altered = false;
  for (const oid of oids) {
    const table = found.get(oid);
    if (table === undefined) {
      throw new FreshetError(UNDEFINED_TABLE, `table with OID ${oid} does not exist`);
    }
    requireTable(table);
    const statements = identityStatements(table);
    if (statements.length === 0) continue;
    if (!setReplicaIdentity) {
      throw new FreshetError(
        SqlState.objectNotInPrerequisiteState,
        `table "${table.schema.schema}.${table.schema.name}" has no usable replica identity`,
        {
          detail: "PostgreSQL refuses UPDATE and DELETE on a published table without one.",
          hint: `Add a primary key, or run ${statements.join(" ")}`,
        },
      );
    }
    for (const statement of statements) await session.query(statement);
    altered = true;
  }
  const tables = altered ? await readCatalog(session, oids) : found;
  return oids.map((oid) => must(tables.get(oid), "a table was dropped while its replica identity was set"));
}

function requireTable(table: CatalogTable): void {
  const name = `"${table.schema.schema}.${table.schema.name}"`;
  const refuse = (detail: string): never => {
    throw new FreshetError(SqlState.featureNotSupported, `${name} cannot be replicated`, { detail });
  };
  if (table.relkind !== "r" && table.relkind !== "p") refuse("It is not a table.");
  if (!table.permanent) refuse("Temporary and unlogged tables are not in the write-ahead log.");
  // Its changes are published under the name of the root, where the root is published.
  if (table.partition) refuse("It is a partition; only the whole partitioned table can be replicated.");
  if (table.schema.columns.length === 0) refuse("It has no column with a binary form.");
}

function identityStatements(table: CatalogTable): readonly string[] {
  const alter = (name: { schema: string; name: string }): string =>
    `ALTER TABLE ${qualifiedName(name)} REPLICA IDENTITY FULL;`;
  const root = table.identityUsable ? [] : [alter(table.schema)];
  return [...root, ...table.unusablePartitions.map(alter)];
}
